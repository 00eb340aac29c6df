import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip, gunzipSync } from 'node:zlib';
import test from 'ava';
import { compress } from '../../../src/bundle/compress.js';

async function* piecesOf(data: Buffer, bytes: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < data.length; at += bytes) yield data.subarray(at, at + bytes);
}

const round = test.macro({
	exec: async (t, bytes: number, pieceBytes: number) => {
		const data = Buffer.alloc(bytes, 'some text that can be made shorter, ');
		const packed: Buffer[] = [];
		for await (const piece of compress(piecesOf(data, pieceBytes), 1)) packed.push(piece);
		const archive = Buffer.concat(packed);
		t.true(data.equals(gunzipSync(archive)));
		// As it is read: in pieces that end within members, and at their ends.
		for (const size of [archive.length, packed[0]?.length ?? 1, 4093]) {
			t.true(data.equals(await buffer(Readable.from(piecesOf(archive, size)).pipe(createGunzip()))), `in pieces of ${size}`);
		}
	},
	title: (_, bytes: number, pieceBytes: number) => `${bytes} bytes in pieces of ${pieceBytes} come back`,
});
const block = 2 ** 22;
test(round, 1, 1);
test(round, block - 1, 100_000);
test(round, block, block);
test(round, 5 * block + 17, 2 ** 20);
test(round, 3 * block, 2 ** 18);

test('a source that fails is reported', async (t) => {
	async function* failing(): AsyncGenerator<Buffer> {
		yield Buffer.alloc(2 * block);
		throw new Error('gone');
	}
	await t.throwsAsync(buffer(Readable.from(compress(failing(), 1))), { message: 'gone' });
});
