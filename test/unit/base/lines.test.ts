import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import test from 'ava';
import { linesOf, LineSplitter, onLines } from '../../../src/base/lines.js';
import { memoryInUse } from './memory.js';

const split = test.macro({
	title: (title) => `lines: ${title}`,
	exec(t, chunks: readonly (string | Buffer)[], expected: readonly string[], skipped?: number) {
		const splitter = new LineSplitter(10);
		t.deepEqual(chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))]), expected);
		t.is(splitter.skipped, skipped ?? 0);
	},
});

test('nothing', split, [''], []);
test('several in a chunk, an empty one among them', split, ['a\n\nb\n'], ['a', '', 'b']);
test('one in several chunks', split, ['a', 'b', 'c\nd\n'], ['abc', 'd']);
test('what has no end is none', split, ['a\nb'], ['a']);
test('line separators of Unicode end none', split, ['a\u2028b\u2029\u0085\n'], ['a\u2028b\u2029\u0085']);
test('a carriage return ends none', split, ['a\rb\r\n'], ['a\rb\r']);
test('a character that is divided between chunks', split, [Buffer.from('ä\n').subarray(0, 1), Buffer.from('ä\n').subarray(1)], ['ä']);
test('as long as may be', split, ['0123456789\na\n'], ['0123456789', 'a']);
test('one that is too long is passed over', split, ['01234567890\na\n'], ['a'], 1);
test('one that is too long in pieces is passed over to its end', split, ['012345', '67890', 'more', '\na\n', '0123456789a'], ['a'], 2);

test('a stream reports its lines, one that was too long, and once its end', async (t) => {
	const stream = new PassThrough();
	const received: string[] = [];
	onLines(stream, {
		onLine: (line) => received.push(line),
		onTooLong: () => received.push('too long'),
		onEnd: () => received.push('end'),
		maximumBytes: 4,
	});
	stream.write('ab\nabcdefg\nabcdefg\nc');
	stream.end('d\n');
	await finished(stream);
	t.deepEqual(received, ['ab', 'too long', 'cd', 'end']);
});

test('the end of a stream that fails is reported', async (t) => {
	const stream = new PassThrough();
	stream.on('error', () => undefined);
	const ended = new Promise<void>((resolve) => onLines(stream, { onLine: () => undefined, onEnd: resolve }));
	stream.destroy(new Error('gone'));
	await t.notThrowsAsync(ended);
});

test('the lines of a stream can be taken one by one, and the rest left', async (t) => {
	const stream = new PassThrough();
	stream.write('a\nb\nc\n');
	for await (const line of linesOf(stream)) if (line === 'b') break;
	t.false(stream.destroyed);
});

test.serial('a line without an end that comes byte by byte takes no more memory than its bytes', (t) => {
	const splitter = new LineSplitter(2 ** 21);
	const before = memoryInUse();
	for (let count = 0; count < 2 ** 20; count++) for (const _ of splitter.push(Buffer.from('x'))) t.fail();
	t.true(memoryInUse() - before < 4 * 2 ** 20, `${memoryInUse() - before} bytes`);
	t.is([...splitter.push(Buffer.from('\n'))][0]?.length, 2 ** 20);
});
