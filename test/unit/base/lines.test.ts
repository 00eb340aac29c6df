import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import test from 'ava';
import { readLines } from '../../../src/base/lines.js';

async function linesOf(chunks: readonly (string | Buffer)[], maximumBytes = 100): Promise<{ lines: string[]; overlong: number }> {
	const stream = new PassThrough();
	const seen = { lines: [] as string[], overlong: 0 };
	readLines(stream, { maximumBytes, onLine: (line) => void seen.lines.push(line), onOverlong: () => void seen.overlong++ });
	for (const chunk of chunks) stream.write(chunk);
	stream.end();
	await finished(stream);
	return seen;
}

test('lines, wherever chunks are cut', async (t) => {
	const bytes = Buffer.from('one\n\ngrün\r\nlast');
	for (let cut = 0; cut <= bytes.length; cut++) {
		t.deepEqual((await linesOf([bytes.subarray(0, cut), bytes.subarray(cut)])).lines, ['one', '', 'grün', 'last'], String(cut));
	}
});

test('a line separator is no end of a line', async (t) => {
	t.deepEqual((await linesOf(['a\u2028b\rc\n'])).lines, ['a\u2028b\rc']);
});

test('a line beyond all measure is left out and told once, and what follows is read', async (t) => {
	const endless = Array.from({ length: 50 }, () => 'x'.repeat(10));
	const { lines, overlong } = await linesOf(['before\n', ...endless, '\nbetween\n', ...endless, '\n', `${'y'.repeat(100)}\n`, ...endless]);
	t.deepEqual(lines, ['before', 'between', 'y'.repeat(100)]);
	t.is(overlong, 1);
});

test('a line without an end takes no memory', async (t) => {
	const stream = new PassThrough();
	readLines(stream, { maximumBytes: 2 ** 20, onLine: () => t.fail() });
	const chunk = Buffer.alloc(2 ** 20, 'x');
	const before = process.memoryUsage().arrayBuffers;
	for (let count = 0; count < 300; count++) {
		stream.write(Buffer.from(chunk));
		await new Promise(setImmediate);
	}
	t.true(process.memoryUsage().arrayBuffers - before < 200 * 2 ** 20);
});
