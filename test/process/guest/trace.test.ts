/** Tracing changes nothing that a startup script does, whatever it does; and what it records is true. */
import test from 'ava';
import { swallowedSteps } from '../../../src/lab/trace.js';
import { runBothWays } from './both-ways.js';

/** What is reported of the commands of a script: line, command, status, and what became of a failure. */
type ExpectedStep = readonly [line: number | undefined, command: string, status?: number | undefined, fate?: string];

/** Runs a script both ways: the effects must be the same. At least these commands must be reported, in any order: a pipeline's begin as they like. */
const traces = test.macro(async (t, lines: readonly string[], expected: readonly ExpectedStep[] = []) => {
	const { traced, plain } = await runBothWays(t, lines);
	t.is(traced.output, plain.output);
	t.is(traced.exitCode, plain.exitCode);
	t.deepEqual(traced.files, plain.files);
	const recorded = traced.trace.steps.map(({ line, command, status, fate }) => JSON.stringify([line, command, status, fate]));
	for (const [line, command, status, fate] of expected) {
		const index = recorded.indexOf(JSON.stringify([line, command, status, fate]));
		t.not(index, -1, `${JSON.stringify([line, command, status, fate])} is not in\n${recorded.join('\n')}`);
		recorded.splice(index, 1);
	}
});

test('functions', traces, ['f() {', '  false', '  g', '  return 3', '}', 'g() { ls /nonexistent; }', 'f || :', 'f', 'echo on'], [
	[7, 'f', 3, 'swallowed'],
	[2, 'false', 1, 'swallowed'],
	[6, 'ls /nonexistent', 2, 'swallowed'],
	[4, 'return 3', 3],
	[8, 'f', 3, 'swallowed'],
	[9, 'echo on', 0],
]);
test('a function that fails as its last command did', traces, ['f() { ls /nonexistent; }', 'if f; then echo yes; fi', 'f || true'], [
	[2, 'f', 2],
	[1, 'ls /nonexistent', 2, 'condition'],
	[3, 'f', 2],
	[1, 'ls /nonexistent', 2, 'swallowed'],
]);
test('subshells', traces, ['( exit 4 )', '( cd /; false; true )', 'echo "$PWD" >where'], [
	[1, 'exit 4', 4, 'swallowed'],
	[2, 'false', 1, 'swallowed'],
	[2, 'true', 0],
]);
test('substitutions', traces, ['true; echo $(false; printf x)', 'a=$(ls /nonexistent)', 'b=$(true)', 'local_() { local q=$(false); }; local_'], [
	[1, 'true', 0],
	[1, 'false', 1, 'swallowed'],
	[1, 'printf x', 0],
	[1, 'echo x', 0],
	[2, 'ls /nonexistent', 2, 'swallowed'],
	[2, 'a=', 2],
	[3, 'true', 0],
	[3, 'b=', 0],
	[4, 'false', 1, 'swallowed'],
	[4, 'local q=', 0],
]);
test('output of substitutions is left as it is', traces, ['x=$( { echo out; echo err >&2; ls /nonexistent; } 2>&1 )', 'echo "$x" | tee file'], []);
test('pipelines', traces, ['true | false | true', 'cat /nonexistent | wc -l', 'yes | head -1', 'echo on'], [
	[1, 'true', 0],
	[1, 'false', 1, 'swallowed'],
	[1, 'true', 0],
	[2, 'cat /nonexistent', 1, 'swallowed'],
	[2, 'wc -l', 0],
	[3, 'yes', 141],
	[3, 'head -1', 0],
]);
test('pipelines of loops', traces, ['printf "%s\\n" 1 2 | while read -r i; do [ "$i" = 2 ] && echo "got $i"; done'], [
	[1, "'[' 1 = 2 ']'", 1, 'condition'],
	[1, "'[' 2 = 2 ']'", 0],
	[1, "echo 'got 2'", 0],
]);
test('conditions are no failures', traces, [
	'if false; then echo no; fi', '! false', 'false && echo no', 'false || exit 0',
], [[1, 'false', 1, 'condition'], [2, 'false', 1, 'condition'], [3, 'false', 1, 'condition'], [4, 'false', 1, 'condition']]);
test('questions are none either', traces, ['grep -q root /nonexistent || true', 'grep -q nobody-at-all /etc/passwd || true', 'echo $?'], [
	[1, 'grep -q root /nonexistent', 2, 'swallowed'],
	[2, 'grep -q nobody-at-all /etc/passwd', 1, 'condition'],
]);
test('a status that is looked at is a condition', traces, ['false', 'echo "status $?"', 'false', 'echo on'], [
	[1, 'false', 1, 'condition'],
	[3, 'false', 1, 'swallowed'],
]);
test('here-documents', traces, ["cat >file <<'EOF'", '+ 1 not a trace', '$(false)', 'EOF', 'cat <<EOF', '$(echo within)', 'EOF', 'false'], [
	[1, 'cat', 0],
	[5, 'cat', 0],
	[6, 'echo within'],
	[8, 'false', 1, 'failing'],
]);
test('words of several lines', traces, ["m='a", "b'", 'printf "%s\\n" "$m" "', '"', '[[ $m == x ]]', 'echo on'], [
	[1, "m='a\nb'", 0],
	[5, '[[ a\nb == x ]]', 1, 'condition'],
	[6, 'echo on', 0],
]);
test('set -e', traces, ['set -eu', 'false || true', 'echo before', 'cp /nonexistent here', 'echo after'], [
	[2, 'false', 1, 'swallowed'],
	[4, 'cp /nonexistent here', 1, 'failing'],
]);
test('an unset variable', traces, ['set -u', 'echo "$nosuch"', 'echo on'], [[1, 'set -u']]);
test('traps', traces, ["trap 'echo \"err $?\"' ERR", "trap 'echo bye; rm -f x' EXIT", 'false', 'set -e', 'ls /nonexistent', 'echo no'], [
	[3, 'false', 1, 'swallowed'],
	[5, 'ls /nonexistent', 2, 'failing'],
	[undefined, 'echo bye', 0],
]);
test('a trap of DEBUG', traces, ["trap 'echo \"next: $BASH_COMMAND\"' DEBUG", 'true', 'echo on'], [[3, 'echo on', 0]]);
test('background jobs', traces, ['{ sleep 0.2; exit 3; } &', 'echo beside', 'wait $!', 'echo "$?"'], [
	[2, 'echo beside', 0],
]);
test('its own set -x', traces, ['set -x', 'echo a >file', 'set +x', 'echo b'], [[2, 'echo a', 0]]);
test('everything redirected', traces, ['exec >file 2>&1', 'echo in', 'ls /nonexistent', 'set -e', 'false'], [
	[3, 'ls /nonexistent', 2, 'swallowed'],
	[5, 'false', 1, 'failing'],
]);
test('descriptors closed', traces, ['exec 3>file 10>other', 'echo a >&3', 'echo b >&10', 'exec 3>&- 10>&- 2>&-', 'false', 'exit 5'], [
	[5, 'false', 1, 'swallowed'],
	[6, 'exit 5', 5, 'failing'],
]);
test('a descriptor that the shell chooses is the same', traces, ['exec {fd}>file', 'echo "$fd" >&"$fd"']);
test('what children see: environment, descriptors, options', traces, [
	'env | grep -v "^_=" | sort >environment', 'ls /proc/self/fd >descriptors', 'bash -c "set -o" >options',
	'echo "echo in a child; echo \\$-" >child', 'bash child >of-child', 'sh -c "ls /proc/self/fd" >of-sh',
], [[1, 'env', 0], [2, 'ls /proc/self/fd', 0]]);
test('variables', traces, ['export PATH', 'set -a', 'declare -p fd BASH_ENV', 'echo "$0 $# ${BASH_SOURCE[0]} $LINENO"']);
test('other files and eval', traces, ["echo 'false; echo sourced' >part", '. ./part', 'eval "false', 'ls /nonexistent"', 'IFS=', 'true | false', 'IFS=,', 'true'], [
	[1, 'false', 1, 'swallowed'],
	[1, 'echo sourced', 0],
	[3, 'ls /nonexistent', 2, 'swallowed'],
	[6, 'true', 0],
	[6, 'false', 1, 'swallowed'],
]);
test('of a pipeline that fails the element that complains is reported', traces, ['set -euo pipefail', 'x=$(cat /nonexistent | wc -l)', 'echo no'], [
	[2, 'cat /nonexistent', undefined, 'failing'],
]);
test('sh', traces, ['#!/bin/sh', 'env | sort >environment', 'ls /proc/self/fd >descriptors', 'ls /nonexistent >file 2>&1 || true',
	'x=$(ls -d /nonexistent 2>&1 || echo none)', 'echo "$x $0 $#"', 'f() { false; }', 'f', 'set -e', 'cp /nonexistent here', 'echo no'], [
	[4, 'ls /nonexistent', 2, 'swallowed'],
	[10, 'cp /nonexistent here', 1, 'failing'],
]);
test('sh that shares its errors is not traced', traces, ['#!/bin/sh', 'x=$( { echo a; ls /nonexistent; } 2>&1 )', 'echo "$x"', 'exec 2>errors', 'nosuch']);
test('sh with a broken end', traces, ['#!/bin/sh', 'echo a', 'if true; then']);
test('python', traces, ['#!/usr/bin/python3', 'print("a")', 'raise SystemExit(3)']);

test('a failure that is swallowed is reported with its line, its status and its message', async (t) => {
	const { traced } = await runBothWays(t, ['#!/bin/bash', 'set -e', 'echo before', 'cat /nonexistent/table || true', 'echo after']);
	t.is(traced.exitCode, 0);
	const [step, ...others] = swallowedSteps(traced.trace);
	t.like(step, { line: 4, command: 'cat /nonexistent/table', status: 1, message: 'cat: /nonexistent/table: No such file or directory' });
	t.deepEqual(others, []);
	t.true(step?.at !== undefined && Math.abs(step.at - Date.now()) < 30_000 && (step.ms ?? -1) >= 0);
});

/** The shell complains of the PS4, but the script ends as it would without the trace. */
const endsAlike = test.macro(async (t, lines: readonly string[], exitCode: number) => {
	const { traced, plain } = await runBothWays(t, ['readonly PS4', ...lines]);
	t.is(plain.exitCode, exitCode);
	t.is(traced.exitCode, exitCode);
	t.deepEqual(traced.files, plain.files);
});
test('a PS4 that cannot be set', endsAlike, ['echo on'], 0);
test('a PS4 that cannot be set, where a failure ends the script', endsAlike, ['set -e', 'echo on'], 0);
test('a failure with a PS4 that cannot be set', endsAlike, ['set -e', '(exit 3)'], 3);
test('a status with a PS4 that cannot be set', endsAlike, ['trap "echo failed >>file" ERR', 'set -eE', '(exit 4)'], 4);

test('a trace that is turned on where a variable is set', traces, ['DEBUG=1', 'set ${DEBUG:+-x}', 'echo on'], [[3, 'echo on', 0]]);
test('a trace that is turned on in the next line', traces, ['set -e \\', '  -x', 'echo on'], [[3, 'echo on', 0]]);
