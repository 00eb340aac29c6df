import test from 'ava';
import {
	brokenFailure,
	hostFailure,
	interruptedFailure,
	reasonOf,
	timeLimitFailure,
	toFailure,
	usageFailure,
	type Failure,
} from '../../../src/base/errors.js';
import { readSources } from '../structure/source.js';

const exits = test.macro({
	exec(t, failure: Failure, code: string, exitCode: number) {
		t.is(failure.code, code);
		t.is(failure.exitCode as number, exitCode);
	},
	title: (_, _failure, code, exitCode) => `'${code}' exits ${exitCode}`,
});
test(exits, usageFailure('what?'), 'usage', 2);
test(exits, hostFailure('memory', 'too little'), 'memory', 3);
test(exits, brokenFailure('qemu-ended', 'gone'), 'qemu-ended', 4);
test(exits, timeLimitFailure('over'), 'time-limit', 124);
test(exits, interruptedFailure('SIGINT'), 'interrupted', 130);

const reads = test.macro({
	title: (_title, error: unknown) => `why: ${String(error)}`,
	exec(t, error: unknown, expected: string) {
		t.is(reasonOf(error), expected);
	},
});
const fileError = (code: string): Error => Object.assign(new Error(`${code}: what the kernel says, open 'a'`), { code });
test(reads, fileError('ENOENT'), 'no such file or directory');
test(reads, fileError('EISDIR'), 'it is a directory');
test(reads, fileError('ENOTDIR'), 'a part of its path is no directory');
test(reads, fileError('EACCES'), 'permission denied');
test(reads, fileError('EEXIST'), 'something else has its name');
test(reads, fileError('EROFS'), 'its file system is read-only');
test(reads, fileError('ENOTBLK'), "ENOTBLK: what the kernel says, open 'a'");
test(reads, new Error('broken'), 'broken');
test(reads, 'broken', 'broken');

test('no bad usage is told in the words of a system call', (t) => {
	const told = readSources('src').filter(({ text }) => /usageFailure\([^;]*cannot be (?:read|written|made)[^;]*\$\{[^}]*\bmessage\}/.test(text));
	t.deepEqual(told.map(({ path }) => path), []);
});

test('a failure is itself', (t) => {
	const failure = usageFailure('what?');
	t.is(toFailure(failure), failure);
});

test('what nobody foresaw is a fault of the tool, with its stack and its cause', (t) => {
	const error = new TypeError('x is not a function');
	const failure = toFailure(error);
	t.is(failure.code, 'internal');
	t.is(failure.exitCode, 4);
	t.is(failure.message, 'x is not a function');
	t.is(failure.cause, error);
	t.regex(failure.detail ?? '', /errors\.test/);
	t.regex(failure.hint ?? '', /report it/);
	t.is(toFailure('a string').message, 'a string');
	t.is(toFailure(undefined).message, 'undefined');
});

test('of several errors the first decides, and the others are reported', (t) => {
	const first = hostFailure('memory', 'too little', { hint: 'buy more', node: 'redis', detail: '1 GiB' });
	const failure = toFailure(new AggregateError([first, new Error('clean-up of disks failed')]));
	t.like(failure, { code: 'memory', exitCode: 3, message: 'too little', hint: 'buy more', node: 'redis' });
	t.is(failure.detail, '1 GiB\nthen: clean-up of disks failed');
});

test('errors may be nested, single or none', (t) => {
	const first = usageFailure('what?');
	t.is(toFailure(new AggregateError([new AggregateError([first])])), first);
	t.is(toFailure(new AggregateError([], 'nothing')).message, 'nothing');
});
