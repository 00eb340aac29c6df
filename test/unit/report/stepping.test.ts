import test from 'ava';
import type { DebugStop } from '../../../src/machine/debugging/messages.js';
import { costText, listSource, outputOf, stopLinesOf } from '../../../src/report/stepping.js';
import { painter } from '../../../src/report/text.js';

const paint = painter(false);
const text = Array.from({ length: 12 }, (_value, index) => `echo ${index + 1}`).join('\n') + '\n';
const stop: DebugStop = {
	...{ kind: 'at', script: 'setup', isFatal: false, line: 6, source: '', depth: 0, status: 0 },
	...{ command: 'echo 6', output: '' },
};

test('the source around a stop, with its marks', (t) => {
	t.deepEqual(stopLinesOf(stop, text, new Set([8]), paint), [
		'setup:6',
		'   2  echo 2',
		'   3  echo 3',
		'   4  echo 4',
		'   5  echo 5',
		'▶  6  echo 6',
		'   7  echo 7',
		' ● 8  echo 8',
		'   9  echo 9',
		'  10  echo 10',
		'next: echo 6',
	]);
});

test('what was written before comes first, and what failed is shown', (t) => {
	const failed = { ...stop, isFatal: true, status: 2, depth: 1, command: 'cat <<END\ntext\nEND\n', output: 'one\n\u001b[1mtwo\n' };
	const lines = stopLinesOf(failed, text, new Set(), paint);
	t.deepEqual(lines.slice(0, 3), ['│ one', '│ two', 'setup:6, 1 deep  failed with status 2: the script is about to end']);
	t.is(lines.at(-1), 'failed: cat <<END …');
});

test('a sourced file has no listing', (t) => {
	t.deepEqual(stopLinesOf({ ...stop, source: '/etc/os-release', status: 1 }, text, new Set(), paint), [
		'/etc/os-release:6 (from setup)  status 1 of the command before',
		'next: echo 6',
	]);
});

test('a whole script is listed', (t) => {
	t.deepEqual(listSource('one\n\ttwo\n', { line: 2, breaks: new Set([1]) }, paint), [' ●1  one', '▶ 2  \ttwo']);
	t.deepEqual(listSource('one\n', { breaks: new Set(), around: 3 }, paint), ['  1  one']);
});

test('of much output the end is shown', (t) => {
	const lines = outputOf(Array.from({ length: 50 }, (_value, index) => `${index}`).join('\n'), paint);
	t.is(lines.length, 41);
	t.is(lines[0], '│ … 10 lines before');
	t.is(lines.at(-1), '│ 49');
	t.deepEqual(outputOf('\n', paint), []);
});

test('what a save cost', (t) => {
	t.is(costText({ ms: 640, bytes: 300 * 2 ** 20 }), 'the machine is saved at each stop: 640 ms and 300 MiB the first time');
});
