import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { readTar, tarEnd, tarHeader, tarPadding } from '../../../src/bundle/tar.js';

const archiveOf = (files: Readonly<Record<string, string>>): Buffer =>
	Buffer.concat([
		...Object.entries(files).flatMap(([path, text]) => [tarHeader(path, text.length, 0), Buffer.from(text), tarPadding(text.length)]),
		tarEnd(),
	]);

/** The archive as a stream would bring it, in pieces of that many bytes. */
async function* inPieces(archive: Buffer, bytes: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < archive.length; at += bytes) yield archive.subarray(at, at + bytes);
}

async function readAll(archive: Buffer, bytes = 700): Promise<Record<string, string>> {
	const found: Record<string, string> = {};
	for await (const file of readTar(inPieces(archive, bytes))) {
		let text = '';
		for await (const piece of file.contents) text += piece.toString();
		found[file.path] = text;
	}
	return found;
}

const long = `run/plan/${'d'.repeat(90)}/${'f'.repeat(95)}`;
const files = { 'run/a': 'one', 'run/empty': '', 'run/block': 'x'.repeat(512), 'run/more': 'y'.repeat(1300), [long]: 'far' };

for (const bytes of [1, 511, 512, 700, 1 << 20]) {
	test(`what was written is read, in pieces of ${bytes} bytes`, async (t) => {
		t.deepEqual(await readAll(archiveOf(files), bytes), files);
	});
}

test('a path that there is no room for', (t) => {
	t.throws(() => tarHeader('f'.repeat(101), 0, 0), { instanceOf: Failure, message: /too long/ });
	t.throws(() => tarHeader(`${'d'.repeat(156)}/f`, 0, 0), { instanceOf: Failure, message: /too long/ });
});

/** A header with one field changed, and its sum made right again. */
function forged(at: number, field: string): Buffer {
	const header = tarHeader('run/x', 0, 0);
	header.write(field, at);
	header.fill(' ', 148, 156);
	header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
	return Buffer.concat([header, tarEnd()]);
}

const refused = test.macro(async (t, archive: Buffer, message: RegExp) => {
	const failure = await t.throwsAsync(readAll(archive), { instanceOf: Failure, message });
	t.is(failure?.exitCode, 2);
});

const good = archiveOf(files);
test('a symbolic link', refused, forged(156, '2'), /"run\/x" in it is a symbolic link/);
test('a hard link', refused, forged(156, '1'), /is a link/);
test('a directory', refused, forged(156, '5'), /is a directory/);
test('a device', refused, forged(156, '3'), /is a device/);
test('an extension', refused, forged(156, 'x'), /is not a plain file/);
test('a size that is none', refused, forged(124, 'nonsense'), /damaged/);
test('a size in another base', refused, forged(124, '\u0001\u0001\u0001'), /damaged/);
test('a header that was changed', refused, Buffer.from(good).fill('z', 4, 5), /it is damaged, or is not a tar archive/);
test('something else', refused, Buffer.alloc(2000, 'text '), /it is damaged, or is not a tar archive/);
test('an archive that ends in a header', refused, good.subarray(0, 100), /ends early/);
test('an archive that ends in a file', refused, good.subarray(0, 514), /ends early/);
test('an archive without its end', refused, good.subarray(0, 1024), /ends early/);
test('an archive with something behind its end', refused, Buffer.concat([good, Buffer.from('more')]), /there is data behind its end/);
test('an archive with more of nothing behind its end than any tar writes', refused, Buffer.concat([good, Buffer.alloc(2 ** 21)]), /it goes on behind its end/);

test('an archive in records of a tape', async (t) => {
	t.deepEqual(await readAll(Buffer.concat([good, Buffer.alloc(2 ** 20 - (good.length % 2 ** 20))])), files);
});
