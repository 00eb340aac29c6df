/** The guest's debug.bash on this host: where scripts stop, what they can be asked, and that they do not notice. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { run } from '../../../src/process/run.js';
import { runAlone, startDebugged, type Debugged, type Ended } from './debugged.js';

/** Steps through to the end; reports each stop as `line depth command`, and a failure as `line! …`. */
async function stepThrough(debugged: Debugged, mode: 'step' | 'over' = 'step'): Promise<{ stops: string[]; end: Ended }> {
	const stops: string[] = [];
	let stop = await debugged.first;
	while (stop.kind === 'at') {
		stops.push(`${stop.line}${stop.isFatal ? '!' : ''} ${stop.depth} ${stop.command.replaceAll('\n', '\\n')}`);
		stop = await debugged.go({ mode, depth: stop.depth });
	}
	return { stops, end: stop };
}

const everything = [
	'#!/bin/bash',
	'set -e',
	'greet() {',
	'	local whom=$1',
	'	echo "hello $whom"',
	'}',
	'greet one',
	'echo a |',
	'	grep a | cat',
	'x=$(echo sub; false || echo more)',
	'if false; then echo no; fi',
	'for i in 1 2; do echo $i; done',
	'(echo in; false) || true',
	'cat <<END',
	'here $x',
	'END',
	'sleep 0.01 & wait $!',
	"trap 'echo bye; echo for good' EXIT",
	'fails() { echo on; cat /nonexistent/file; echo never; }',
	'fails',
];

test('a script stops before each command of its own shell, and once more when it is about to end', async (t) => {
	const { stops, end } = await stepThrough(await startDebugged(t, everything));
	t.deepEqual(stops, [
		'2 0 set -e',
		'7 0 greet one',
		'4 1 local whom=$1',
		'5 1 echo "hello $whom"',
		'8 0 echo a',
		'9 0 grep a',
		'9 0 cat',
		'10 0 x=$(echo sub; false || echo more)',
		'11 0 false',
		'12 0 for i in 1 2',
		'12 0 echo $i',
		'12 0 for i in 1 2',
		'12 0 echo $i',
		'13 0 true',
		'14 0 cat <<END\\nhere $x\\nEND\\n',
		'17 0 sleep 0.01',
		'17 0 wait $!',
		"18 0 trap 'echo bye; echo for good' EXIT",
		'20 0 fails',
		'19 1 echo on',
		'19 1 cat /nonexistent/file',
		'19! 1 cat /nonexistent/file',
	]);
	t.deepEqual(end, await runAlone(t, everything));
});

test('it steps over functions', async (t) => {
	const { stops } = await stepThrough(await startDebugged(t, everything), 'over');
	t.deepEqual(stops.filter((stop) => /^\d+!? 1 /.test(stop)), ['19! 1 cat /nonexistent/file']);
});

/** What a script could detect the debugger by. */
const curious = [
	'#!/bin/bash',
	'set -uo pipefail',
	'IFS=:',
	'[[ abc =~ b(.) ]]',
	'echo "match ${BASH_REMATCH[1]}"',
	'(exit 3)',
	'echo "status $?"',
	'false | true | (exit 4)',
	'echo "pipe ${PIPESTATUS[@]}"',
	'echo one two >/dev/null',
	'echo "last $_"',
	'set -- a b',
	'shift',
	'echo "arguments $# $1"',
	'echo "background ${!-none}"',
	'sleep 0.01 &',
	'[[ $! == "$(jobs -p)" ]] && echo same',
	'wait',
	'set -x',
	'echo traced',
	'false',
	'set +x',
	'f() { return 5; }',
	'f || echo "returned $?"',
	"trap 'echo \"failed $?\"' ERR",
	'g() { false; true; }',
	'g',
	'false',
	'bash -c \'echo "${BASH_ENV-none} $-"\'',
	'bash -c \'ls /proc/self/fd | tr "\\n" " "\'; echo',
	'set -a',
	'NEW=1',
	"env | grep -v -e ^NEW -e ^_ -e ^PATH -e ^SHLVL -e ^PWD -e ^OLDPWD",
	'printf "%s\\n" {a..c} | while read -r each; do echo "each $each"; done',
	'read -r line <<<"text" && echo "$line"',
	'false',
	'exit 7',
];

test('a script does not notice that it is stepped', async (t) => {
	const { end } = await stepThrough(await startDebugged(t, curious));
	t.deepEqual(end, await runAlone(t, curious));
	t.is(end.status, 7);
});

test('nor that it runs on', async (t) => {
	const debugged = await startDebugged(t, curious);
	await debugged.first;
	const end = await debugged.go({ mode: 'free' });
	t.deepEqual(end, await runAlone(t, curious));
});

test('its status and what it wrote come with each stop', async (t) => {
	const debugged = await startDebugged(t, ['echo ä; false', "printf 'a\\tb\\\\\\n' >&2", 'true']);
	t.like(await debugged.first, { line: 1, status: 0, output: '', source: '', script: 'script' });
	t.like(await debugged.go(), { command: 'false', status: 0, output: 'ä\n' });
	t.like(await debugged.go(), { line: 2, status: 1, output: '' });
	t.like(await debugged.go(), { line: 3, status: 0, output: 'a\tb\\\n' });
	t.like(await debugged.go(), { status: 0 });
});

test('it runs to a line, and stops at each turn of a loop', async (t) => {
	const lines = ['n=0', 'for i in 1 2; do', '	n=$((n + 1)); n=$((n + 1))', 'done', 'echo $n', 'echo end'];
	const debugged = await startDebugged(t, lines);
	await debugged.first;
	t.like(await debugged.go({ mode: 'run', lines: [3, 5] }), { line: 3 });
	t.like(await debugged.go({ mode: 'run', lines: [3, 5] }), { line: 3 });
	t.like(await debugged.go({ mode: 'run', lines: [3, 5] }), { line: 5 });
	t.deepEqual(await debugged.go({ mode: 'run' }), { kind: 'ended', status: 0, output: '4\nend\n' });
});

test('it runs until it fails or ends with a failure', async (t) => {
	const strict = await startDebugged(t, ['set -eu', 'cat /nonexistent/a || true', 'cat /nonexistent/b', 'echo never']);
	await strict.first;
	t.like(await strict.go({ mode: 'run' }), { line: 3, isFatal: true, status: 1, command: 'cat /nonexistent/b' });
	t.like(await strict.go({ mode: 'run' }), { status: 1 });
	const lenient = await startDebugged(t, ['false', 'exit 3']);
	await lenient.first;
	t.like(await lenient.go({ mode: 'run' }), { line: 2, isFatal: false, command: 'exit 3' });
});

test('its variables are reported, those of functions too', async (t) => {
	const lines = ['set -eu', 'name="a  b"', 'list=(1 2)', 'f() {', '	local inner=x', '	true', '}', 'f'];
	const debugged = await startDebugged(t, lines);
	await debugged.first;
	t.deepEqual(await debugged.variables(), { kind: 'answer', status: 0, text: '' });
	t.like(await debugged.go({ mode: 'run', lines: [6] }), { line: 6 });
	t.is((await debugged.variables()).text, 'declare -- inner="x"\ndeclare -a list=([0]="1" [1]="2")\ndeclare -- name="a  b"\n');
	t.is((await debugged.variables('name')).text, 'declare -- name="a  b"\n');
	t.like(await debugged.variables('nothing'), { status: 1 });
	t.like(await debugged.go(), { status: 0 });
});

test('commands are run in its own shell, and harm nothing', async (t) => {
	const debugged = await startDebugged(t, ['set -eu', 'f() { local a=1; echo "$a $b $# $PWD"; }', 'b=2', 'f x', 'echo "$?"']);
	await debugged.first;
	t.like(await debugged.go({ mode: 'run', lines: [4] }), { line: 4 });
	t.like(await debugged.go({ mode: 'step' }), { command: 'local a=1' });
	t.deepEqual(await debugged.ask('eval', 'echo "b is $b, $1" # so'), { kind: 'answer', status: 0, text: 'b is 2, x\n' });
	t.like(await debugged.ask('eval', 'b="new\tvalue"\ncd /; false; (exit 6)'), { status: 6, text: '' });
	const broken = await debugged.ask('eval', 'echo )');
	t.is(broken.status, 2);
	t.regex(broken.text, /syntax error/);
	t.like(await debugged.ask('eval', 'echo "<$unset_one>"'), { status: 0, text: '<>\n' });
	t.like(await debugged.ask('eval', 'local c=3'), { status: 0 });
	t.deepEqual((await debugged.variables('c')).text, 'declare -- c="3"\n');
	t.like(await debugged.ask('eval', 'sleep 0.2 & true'), { status: 0 });
	const end = await debugged.go({ mode: 'run' });
	t.deepEqual(end, { kind: 'ended', status: 0, output: '1 new\tvalue 1 /\n0\n' });
});

test('a script that overwrites no files is asked as any other', async (t) => {
	const debugged = await startDebugged(t, ['set -eC', 'b=2', 'echo "$b"']);
	await debugged.first;
	t.like(await debugged.go({ mode: 'run', lines: [3] }), { line: 3 });
	t.like(await debugged.ask('eval', 'echo "b is $b"'), { status: 0, text: 'b is 2\n' });
	t.is((await debugged.variables('b')).text, 'declare -- b="2"\n');
	t.like(await debugged.ask('eval', 'b=3'), { status: 0, text: '' });
	t.is((await debugged.variables()).text, 'declare -- b="3"\n');
	t.deepEqual(await debugged.go(), { kind: 'ended', status: 0, output: '3\n' });
});

test('a command takes the place of a line, with its output and its effects', async (t) => {
	const debugged = await startDebugged(t, ['set -e', 'x=wrong; cat /nonexistent/file', 'echo "x is $x, $?"']);
	await debugged.first;
	await debugged.go();
	t.like(await debugged.go(), { command: 'cat /nonexistent/file' });
	t.like(await debugged.ask('instead', 'cat /nonexistent/other'), { status: 1 });
	t.like(await debugged.ask('instead', 'x=right; echo replaced'), { status: 0, text: '' });
	t.like(await debugged.go({}, 'skip'), { line: 3, status: 0 });
	const end = await debugged.go();
	t.like(end, { kind: 'ended', status: 0 });
	t.regex(end.output, /other: No such file.*\nreplaced\nx is right, 0\n$/);
});

test('a host that goes away lets it run on', async (t) => {
	const debugged = await startDebugged(t, ['echo a', 'echo b']);
	await debugged.first;
	t.deepEqual(await debugged.hangUp(), { kind: 'ended', status: 0, output: 'a\nb\n' });
});

const runsThrough = test.macro(async (t, lines: readonly string[], expected: { readonly exitCode: number; readonly stdout: string }) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'debug-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const script = path.join(directory, 'script');
	await writeFile(script, `${lines.join('\n')}\n`);
	const { exitCode, stdout } = await run([path.join(packageRoot(), 'cloud-init', 'guest', 'run-script'), script, 'debug'], { allowFailure: true, timeoutMs: 30_000 });
	t.deepEqual({ exitCode, stdout }, expected);
});

test('without a port it runs through', runsThrough, ['#!/bin/bash', 'set -e', 'echo a', 'false', 'echo b'], { exitCode: 1, stdout: 'a' });
test('what is no bash runs through', runsThrough, ['#!/bin/sh', 'echo a', 'exit 3'], { exitCode: 3, stdout: 'a' });
