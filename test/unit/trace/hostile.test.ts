/** Scripts and traces that are made to take long: the thread that reads them has other things to do. */
import test from 'ava';
import { readScript, type ScriptEnding } from '../../../src/trace/read.js';
import { usualCpuMs } from '../base/cost.js';

const streamLength = 2 ** 17;
const scriptLength = 2 ** 20;
/** Of those of many commands: the longest take more than a second for the parser alone. */
const denseLength = 2 ** 17;

const full = (piece: string, length = streamLength): string => piece.repeat(Math.max(1, Math.floor(length / piece.length)));

/** Different texts, as many as have room. */
function all(make: (index: number) => string, length = streamLength): string {
	const parts: string[] = [];
	for (let [size, index] = [0, 0]; size < length; index++) size += (parts[parts.push(make(index)) - 1] ?? '').length;
	return parts.join('').slice(0, length);
}

const startup = '/run/rehearse/seed/startup/x';

/** A record of bash's, and one of dash's. */
const bash = (command: string, line = 1, status = 1, pid = 9): string => `\x1e+ 1.1 9 ${pid} 1 ${status} ${status} | ${line} ${startup} > ${command}\n`;
const dash = (command: string, status = 1): string => `\x1e+ ${status} > ${command}\n`;

const end = bash('[[ -n 1 1 end false ]]', 1, 1, 10);
const own = bash('false');
const sourced = dash(`. ${startup}`, 0);
const perl = '#!/usr/bin/perl\n';

/** What of it takes long, the trace and the text of the script. */
const hostile: readonly (readonly [title: string, stream: string, script: string, exitCode?: number])[] = [
	...['PS4=', '__rehearse+=($? ', '__rehearse+=($? \n', 'mapfile ', 'PS4=\n', 'PS4= __rehearse=BASHPID', '__rehearse=BASHPID\n', 'set -x\n', '__rehearse+=($? \nunset -v IFS\nmapfile \n'].map(
		(piece) => [`${JSON.stringify(piece)} before the end`, own + full(piece) + end, 'false\n'] as const,
	),
	['ends of the script', all((index) => bash('[[ -n 1 1 end false ]]', 1, 1, 10 + index)), 'false\n'],
	['a trap that calls a function of many calls', sourced + dash('trap f EXIT', 0) + full(dash('f', 0)), `trap f EXIT; f() { ${'f; '.repeat(10_000)} }\n`],
	['a trap that calls as many functions', sourced + dash('trap f0 EXIT', 0) + full(dash('f1', 0)), `trap f0 EXIT\n${all((index) => `f${index}() { f${index + 1}; f1; }\n`, denseLength)}`],
	['many traps', sourced + all((index) => dash(`trap 'f ${index}' S${index}`)) + dash('exit 1'), all((index) => `trap 'f ${index}' S${index}\n`, denseLength)],
	['many traps that are not known', sourced + all((index) => dash(`trap f S${index}`)) + dash('exit 1'), all((index) => `trap "$x" S${index}\n`, denseLength)],
	['many traps of subshells', sourced + full(dash('trap f EXIT')) + dash('exit 1'), full('(trap f EXIT)\n', denseLength)],
	['a trap of many signals', `${sourced}${dash(`trap f ${full('A ', 2 ** 16)}B`)}${dash('exit 1')}`, `trap f ${full('A ', 2 ** 16)}B\n`],
	['a script that sets much', own, `#!/bin/bash\n${full('set ', scriptLength)}\n`],
	['a script that sets much and nothing', own, `#!/bin/bash\n${full('set -o - ', scriptLength)}\n`],
	['a long first line', own, `#!${full('sh - ', scriptLength)}\n`],
	['as many commands as there is room for', full(bash('a')), full('a\n', denseLength)],
	['as many commands on a line', full(bash('a')), full('a;', denseLength)],
	['as many different commands on a line', all((index) => bash(`a ${index}`)), all((index) => `a ${index};`, denseLength)],
	['long commands on a line', all((index) => bash(`a ${index}`)), full(`a ${full('b ', 200)};`, denseLength)],
	['a command of many words', full(bash(`a ${full('b ', 300)}`)), full(`a ${full('b ', 300)};`, denseLength)],
	['as many commands for sh', sourced + full(dash('a')), full('a\n', denseLength)],
	['as many different commands for sh', sourced + all((index) => dash(`a b ${index}`)), all((index) => `a ${index} $x\n`, denseLength)],
	['commands of the same words for sh', sourced + all((index) => dash(`a w${index % 70} w${(index * 7) % 69} w${(index * 11) % 68} ${index}`)), all((index) => `a w${index % 70} w${(index >> 6) % 70} w${(index >> 12) % 70} $x\n`, denseLength)],
	['words of several lines for sh', sourced + all((index) => dash(`a${index}\nb${index}\nc`)), full("'\n'", denseLength)],
	['a long word of several lines', `${sourced}\x1e+ 0 > echo ${full('aaaa\n')}`, `echo '${full('aaaa\n')}'\n`],
	['a long word that does not end the line', `${sourced}${dash(`echo ${full('a')} b\nc`)}`, "echo 'b\nc'\n"],
	...[' called at ', ' at /', ' at /x line 1, <', ' at /x line 1, <> line 1', '\n\tx called at y line ', '\n\t called at  line 1'].map((piece) => [`${JSON.stringify(piece)} of Perl`, `\n\t${full(piece)}`, perl, 255] as const),
	['Node and its lines', full('a:1\n\n'), '#!/usr/bin/node\n'],
	['records behind a first part', `\x1e+ 1.1 9 9 1 0 0 | 1  > ${'a'.repeat(2 ** 16 - 24)}${full('\x1e+ 1.1 9 9 1 0 0 | 1  > b\n', 2 ** 16)}`, 'a\n'],
	['records for sh behind a first part', `\x1e+ 0 > ${'a'.repeat(2 ** 16 - 7)}${full(dash('b'), 2 ** 16)}`, 'a\n'],
	['names of the script', full('/startup/'), '#!/bin/sh\n'],
	['names of the script in lines', full(`${full('/startup/', 500)}: 1: ${full('/startup/', 500)}: 1:\n`), '#!/bin/sh\n'],
	['names of the script for sh', sourced + full('/startup/a: 1: '), '#!/bin/sh\na\n'],
	['a trace of its own making', `${bash("PS4='- '")}${full('- [[ a\n')}`, '#!/bin/bash\nset -x\n'],
	['a trace of its own making with quotes', `${bash("PS4='- '")}${full("- a' \"\n")}`, '#!/bin/bash\nset -x\n'],
	['a long PS4', `${bash(`PS4='${full('-', 2 ** 16)}'`)}${full('-\n', 2 ** 16)}`, '#!/bin/bash\nset -x\n'],
	['a PS4 of many expansions', `${bash(`PS4='- ${full('$a', 2 ** 16)}'`)}${full('- \n', 2 ** 16)}`, '#!/bin/bash\nset -x\n'],
	['refused commands', all((index) => `${bash('a', index)}${startup}: line ${index}: a: unbound variable\n`), full('a\n', denseLength)],
	['failures beside others', full(bash('a', 1, 1)) + full('\n', 2 ** 16), 'cat <(a)\n'],
	['failed commands', all((index) => bash(`a${index}`, index)), all((index) => `a${index}\n`, denseLength)],
	['failed commands of sh', sourced + full(dash('a')), 'a $x\n'],
	['functions within functions', all((index) => `\x1e+ 1.1 9 9 ${index + 1} 1 1 | 1  > f\n`), 'f() { f; }\nf\n'],
	['subshells within subshells', all((index) => `\x1e+ 1.1 ${index + 8} ${index + 9} 1 1 1 | 1  > f\n`), '(f)\n'],
];

/** What takes the square of the lengths takes many times as long; the rest a third of it at most, on a machine that is busy. */
const limitMs = 2000;

for (const [title, stream, script, exitCode = 1] of hostile) {
	test.serial(`${title}: read at once`, async (t) => {
		const ending: ScriptEnding = { status: 'failed', exitCode, stream: stream.slice(0, 2 * streamLength) };
		const ms = await usualCpuMs(limitMs, () => readScript(ending, script));
		t.log(`${Math.round(ms)} ms`);
		t.true(ms < limitMs, `${ms} ms`);
	});
}
