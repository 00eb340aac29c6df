/** Traces as real shells wrote them (`golden/traces`, by bash 5.2 and dash 0.5.12), and what is read out of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { TraceStep } from '../../../src/lab/trace.js';
import { readScript, type ScriptEnding } from '../../../src/trace/read.js';
import { parseStream, streamLimitBytes } from '../../../src/trace/stream.js';
import { reasonNotToTrace } from '../../../src/trace/traceable.js';
import { matchesGolden } from '../base/golden.js';

const recorded = (file: string): string => readFileSync(path.join(process.cwd(), 'test/unit/trace/golden/traces', file), 'utf8');

/** A step as a line: how deep, where, what, how it ended. */
function reported(step: TraceStep, began: number): string {
	const { depth, line, source, command, at, ms, status, fate, message, output, isTrap } = step;
	const start = at === undefined ? '' : ` +${at - began}`;
	return [
		`${'  '.repeat(depth)}${line ?? '-'}${source ? `(${source})` : ''} ${JSON.stringify(command)}`,
		`   ${isTrap ? 'trap ' : ''}status ${status ?? '?'}${fate ? ` ${fate}` : ''}${start}${ms === undefined ? '' : ` for ${ms} ms`}`,
		...(message ? [`   message: ${message}`] : []),
		...(output ? [`   wrote: ${JSON.stringify(output)}`] : []),
	].join('\n');
}

const golden = test.macro({
	title: (_title, name: string) => `the trace of ${name}`,
	exec(t, name: string, exitCode: number) {
		const ending: ScriptEnding = { status: 'failed', exitCode, stream: recorded(`${name}.stream`) };
		const { trace, output, ...place } = readScript(ending, recorded(`${name}.sh`));
		const began = trace.steps[0]?.at ?? 0;
		const text = [`${trace.shell}: ${JSON.stringify(place)}`, ...trace.steps.map((step) => reported(step, began)), `output: ${output}`];
		matchesGolden(t, `trace/golden/traces/${name}.txt`, text.join('\n'));
	},
});

test(golden, 'everything', 5);
test(golden, 'posix', 1);
test(golden, 'unset', 1);

const read = (stream: string, script: string, ending: Partial<ScriptEnding> = {}, untraced?: string) =>
	readScript({ status: 'failed', exitCode: 1, ...ending, stream }, script, untraced);

/** A record of bash's for the script itself. */
const record = (at: number, line: number, command: string, status = 0, pid = 100): string =>
	`\x1e+ 1767225600.${String(at).padStart(3, "0")}000 ${pid} ${pid} 1 ${status} ${status} | ${line} ${script} > ${command}\n`;

test('what is no trace is output', (t) => {
	for (const text of ['', 'hello\n', '+ 3 false\n', '\x1e\n', '\x1e+ x > false\n']) {
		t.like(read(text, '#!/bin/bash\n'), { output: text, trace: { shell: 'none', steps: [] } });
		t.is(read(text, '#!/bin/bash\n').failedLine, undefined);
	}
});

test('a script that was not traced is reported as that, whatever it writes', (t) => {
	const { output, trace } = read(record(0, 1, 'false'), 'false\n', {}, 'tracing was turned off');
	t.deepEqual(trace, { shell: 'none', why: 'tracing was turned off', steps: [] });
	t.is(output, record(0, 1, 'false'));
	t.is(read('boo\n', '#!/usr/bin/python3\nboo\n').trace.why, 'its interpreter writes no trace');
	t.is(read('', '#!/bin/bash\n', { status: 'passed' }).trace.why, 'the shell traced no command');
});

test('output belongs to the command that was traced last, and the end of the script ends the last', (t) => {
	const stream = `${record(0, 1, 'echo a')}a\n${record(250, 2, 'cp x y')}cp: cannot stat 'x'\n`;
	const { trace, output, ...place } = read(stream, 'echo a\ncp x y\n', { endedAt: 1_767_225_600_900 });
	t.deepEqual(trace.steps, [
		{ line: 1, command: 'echo a', depth: 0, at: 1_767_225_600_000, ms: 250, status: 0, output: 'a\n' },
		{
			line: 2,
			command: 'cp x y',
			depth: 0,
			at: 1_767_225_600_250,
			ms: 650,
			status: 1,
			fate: 'failing',
			output: "cp: cannot stat 'x'\n",
			message: "cp: cannot stat 'x'",
		},
	]);
	t.is(output, "a\ncp: cannot stat 'x'\n");
	t.deepEqual(place, { failedLine: 2, failedCommand: 'cp x y', excerpt: { firstLine: 1, lines: ['echo a', 'cp x y'] } });
});

test('a script that was killed ended in the command that was running', (t) => {
	const stream = record(0, 1, 'true') + record(10, 2, 'sleep 1000');
	const { trace, failedLine, failedCommand } = readScript({ status: 'timed-out', stream }, 'true\nsleep 1000\n');
	t.deepEqual([failedLine, failedCommand], [2, 'sleep 1000']);
	t.is(trace.steps[1]?.fate, 'failing');
	t.is(trace.steps[1]?.status, undefined);
});

test('a script that passed has no failing command', (t) => {
	const { trace, failedLine } = read(record(0, 1, 'false') + record(5, 1, 'true', 1), 'false || true\n', { status: 'passed', exitCode: 0 });
	t.is(failedLine, undefined);
	t.deepEqual(trace.steps.map(({ fate }) => fate), ['swallowed', undefined]);
});

const syntax = test.macro((t, message: string, line: number) => {
	const { failedLine, failedCommand } = read(`${record(0, 1, 'echo a')}a\n${message}`, 'echo a\n', { exitCode: 2 });
	t.deepEqual([failedLine, failedCommand], [line, undefined]);
});
const script = '/run/rehearse/seed/startup/x';
test('a syntax error is later than the last command', syntax, `${script}: line 4: syntax error near unexpected token \`fi'\n${script}: line 4: \`fi'\n`, 4);
test('the end of the file came too early', syntax, `${script}: line 9: syntax error: unexpected end of file\n`, 9);
test('a quotation without end', syntax, `${script}: line 2: unexpected EOF while looking for matching \`"'\n`, 2);
test('a syntax error of dash', syntax, `${script}: 5: ${script}: Syntax error: end of file unexpected (expecting "fi")\n`, 5);
test('an unset variable', syntax, `${script}: line 3: HOSTNAME_: unbound variable\n`, 3);

test("a syntax error of somebody else's is not the script's", (t) => {
	const message = 'psql:/root/bootstrap.sql:12: ERROR:  syntax error at or near "VECTR"\n';
	t.like(read(`${record(0, 1, 'psql --file /root/bootstrap.sql')}${message}`, 'psql --file /root/bootstrap.sql\n'), { failedLine: 1 });
});

/** What a script of sh(1) failed with, by the commands that it traced, each with the status before it. */
const failedIn = (script: string, records: readonly (readonly [status: number, command: string])[]) =>
	readScript({ status: 'failed', exitCode: 1, stream: records.map(([status, command]) => `\x1e+ ${status} > ${command}\n`).join('') }, script);

test('elements of a pipeline that a trap of sh(1) begins with may be traced in any order', (t) => {
	const script = "#!/bin/sh\nset -e\ntrap 'true | sort >y; rm -f x' EXIT\ncp /nonexistent x\n";
	const before = [[0, '. /run/rehearse/seed/startup/x'], [0, 'set -e'], [0, 'trap true | sort >y; rm -f x EXIT'], [0, 'cp /nonexistent x']] as const;
	for (const pipeline of [['true', 'sort'], ['sort', 'true']]) {
		const { failedLine, failedCommand } = failedIn(script, [...before, ...pipeline.map((command) => [1, command] as const), [0, 'rm -f x']]);
		t.deepEqual([failedLine, failedCommand], [4, 'cp /nonexistent x'], pipeline.join(' | '));
	}
});

test('a trace whose beginning was cut off', (t) => {
	const filler = `${'x'.repeat(127)}\n`.repeat(streamLimitBytes / 128);
	const stream = (`4 0 | 3  > half a record\n${record(0, 7, 'true')}${filler}${record(9, 12, 'false')}`).slice(-streamLimitBytes);
	const { trace, failedLine, output } = read(stream, `${'\n'.repeat(6)}true\n\n\n\n\nfalse\n`);
	t.true(trace.isCut);
	t.is(failedLine, 12);
	t.true(output.length <= 16_384);
	t.true((trace.steps[0]?.output?.length ?? 0) <= 4096);
	t.is(read('short', '').trace.isCut, undefined);
});

test('the guest sends as much as is expected', (t) => {
	t.regex(readFileSync(path.join(process.cwd(), 'cloud-init/guest/agent'), 'utf8'), new RegExp(`stream_limit = ${streamLimitBytes.toLocaleString('en').replace(',', '_')};`));
});

test('words of several lines end where their quotes do', (t) => {
	const commands = ["m='a\nb'", "echo 'it'\\''s\nhere' x", 'a=(1 "b\nc")', "printf $'a\\'\\n' x", '[[ a\nb == x ]]', "case don't in"];
	for (const command of commands) {
		const { records } = parseStream(`${record(0, 1, command)}written\n${record(1, 2, 'true')}`, '');
		t.deepEqual(records.map((each) => each.command), [command, 'true']);
		t.is(records[0]?.output, 'written\n');
	}
});

test('a long command that another process wrote into is whole', (t) => {
	const long = `echo ${'1234567890 '.repeat(500)}`.trimEnd();
	const written = record(0, 1, long, 0, 101);
	const stream = `${written.slice(0, 4096)}${record(1, 1, 'cat x', 0, 102)}${written.slice(4096)}cat: x\n${record(2, 2, 'true')}`;
	const { records } = parseStream(stream, '');
	t.deepEqual(records.map(({ command, output }) => [command, output]), [[long, ''], ['cat x', 'cat: x\n'], ['true', '']]);
	const twice = `${written.slice(0, 4096)}${record(1, 1, 'cat x', 0, 102)}cat: x\n${record(1, 1, 'cat z', 0, 104)}${written.slice(4096, 4500)}${record(1, 1, 'cat y', 0, 103)}cat: y\n${written.slice(4500)}`;
	t.deepEqual(parseStream(twice, '').records.map(({ command, output }) => [command, output]), [[long, ''], ['cat x', 'cat: x\n'], ['cat z', ''], ['cat y', 'cat: y\n']]);
	// Also where there is nothing behind it, or it was no part.
	t.is(parseStream(written.slice(0, 4096), '').records.length, 1);
	t.is(parseStream(`${written.slice(0, 4000)}${record(1, 1, 'cat x')}y\n`, '').records[1]?.output, 'y\n');
});

/** Lines of a trace that no shell would write in this order. */
const oddRecord = fc
	.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 }), fc.nat(2), fc.nat(3), fc.constantFrom('0', '1', '1 0', '0 0 141'), fc.integer({ min: 1, max: 60 }))
	.chain(([level, pid, subshell, depth, pipe, line]) =>
		fc.constantFrom('true', 'false', 'f', 'x=', "eval 'x'", 'exit 3', "trap 'f; echo' EXIT", 'for i in 1', "a 'b", '[[ x', '').map(
			(command) => `${'\x1e'.repeat(level)}+ 17672256${pid}.5 ${pid} ${subshell} ${depth} 1 ${pipe} | ${line}  > ${command}\nsaid\n`,
		),
	);

test('whatever comes, it is read', (t) => {
	const texts = ['everything.sh', 'posix.sh'].map(recorded);
	fc.assert(
		fc.property(fc.array(fc.oneof(oddRecord, fc.string())), fc.constantFrom(...texts), fc.boolean(), (parts, text, failed) => {
			const ending = failed ? { status: 'failed' as const, exitCode: 1 } : { status: 'timed-out' as const };
			const { trace } = readScript({ ...ending, stream: parts.join('') }, text);
			return trace.steps.every(({ ms = 0, depth }) => ms >= 0 && Number.isInteger(depth));
		}),
	);
	t.pass();
});

const untraceable = test.macro((t, text: string, expected: boolean) => t.is(reasonNotToTrace(text) !== undefined, expected));
test('bash has a descriptor of its own for its trace', untraceable, '#!/bin/bash\nexec 2>log\n', false);
test('so has a script that names no interpreter', untraceable, 'exec 2>log\n', false);
test('sh may redirect the errors of single commands', untraceable, '#!/bin/sh\nls 2>/dev/null || x=$(ls 2>&1) >out\n', false);
test('and the output of more', untraceable, '#!/bin/sh\n{ ls; ls; } >out\nexec 3>x\n', false);
for (const shared of ['exec 2>log', '{ ls; } 2>&1', '( ls ) 2>/dev/null', 'f() { ls; }\nf 2>/dev/null', '. ./x 2>y', 'eval ls 2>y', '"$x" 2>y', 'if :; then ls; fi 2>x']) {
	test(`not sh with ${JSON.stringify(shared)}`, untraceable, `#!/bin/sh\n${shared}\n`, true);
}
test('nor sh that cannot be read', untraceable, '#!/usr/bin/env sh\nif true; then\n', true);

test('elements of a pipeline that begin alike write records in any order, and each is known by when it was forked', (t) => {
	const text = '#!/bin/bash\nset -o pipefail\necho a | (cat; exit 4) | cat\necho on\n';
	const element = (at: number, pid: number, command: string, parent = 100) =>
		`\x1e+ 1767225600.${String(at).padStart(3, '0')}000 ${parent} ${pid} 1 0 0 | 3 ${script} > ${command}\n`;
	const [first, second, third] = [element(1, 101, 'echo a'), element(2, 102, 'cat'), element(3, 103, 'cat')];
	const exit = element(4, 102, 'exit 4', 102);
	const next = `\x1e+ 1767225600.009000 100 100 1 4 0 4 0 | 4 ${script} > echo on\n`;
	for (const order of [[first, second, third], [first, third, second], [third, first, second]]) {
		const { trace } = read(`${record(0, 2, 'set -o pipefail')}${order.join('')}${exit}${next}`, text, { status: 'passed', exitCode: 0 });
		t.deepEqual(trace.steps.filter(({ status }) => status !== 0 && status !== undefined).map(({ command, status }) => [command, status]), [['exit 4', 4]]);
	}
});
