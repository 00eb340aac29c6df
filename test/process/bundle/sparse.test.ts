/** Files with holes, packed and written again on a real file system. */
import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { diskUsage, requireSpace } from '../../../src/base/disk-usage.js';
import type { Extent } from '../../../src/base/extents.js';
import { dataBytes, readData, writeSparse, type SparseFile, type SparseSource } from '../../../src/bundle/sparse.js';
import { digestFile } from '../../../src/checkpoint/digest.js';

async function scratch(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-sparse-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

async function* inPieces(data: Buffer, bytes: number): AsyncGenerator<Buffer> {
	for (let at = 0; at < data.length; at += bytes) yield data.subarray(at, at + bytes);
}

/** Packs a file and writes it again beside, as an archive would bring it, in pieces of that many bytes. */
async function goRound(source: SparseSource, pieceBytes: number): Promise<string> {
	const pieces: Buffer[] = [];
	for await (const piece of readData(source)) pieces.push(piece);
	const target = `${source.file}.again`;
	await rm(target, { force: true });
	await writeSparse(target, source.listed, inPieces(Buffer.concat(pieces), pieceBytes));
	return target;
}

test('a file of gigabytes comes back with its data and its holes', async (t) => {
	const file = path.join(await scratch(t), '0.ram');
	await writeFile(file, 'begin');
	await truncate(file, 3 * 2 ** 30 + 7);
	const handle = await open(file, 'r+');
	await handle.write(Buffer.alloc(5 * 2 ** 20, 'm'), 0, 5 * 2 ** 20, 2 ** 30);
	await handle.write(Buffer.from('end'), 0, 3, 3 * 2 ** 30 + 4);
	await handle.close();
	const digest = await digestFile(file);
	const source = { file, listed: { path: 'checkpoint/0123456789abcdef/0.ram', ...digest } };
	t.true(dataBytes(digest) < 6 * 2 ** 20);
	const again = await goRound(source, 70_001);
	t.is((await stat(again)).size, 3 * 2 ** 30 + 7);
	t.true((await diskUsage(again)) < 7 * 2 ** 20, 'holes are holes');
	t.is((await stat(again)).mode & 0o777, 0o600);
	t.deepEqual(await digestFile(again), digest);
});

/** Extents in order within a small file, and that file's size. */
const layouts = fc
	.tuple(fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 5000 })), { maxLength: 8 }), fc.nat(5000), fc.integer({ min: 1, max: 9000 }))
	.map(([parts, rest, pieceBytes]) => {
		let end = 0;
		const extents = parts.map(([gap, length]): Extent => {
			const offset = end + gap;
			end = offset + length;
			return [offset, length];
		});
		return { extents, bytes: end + rest, pieceBytes };
	});

test('whatever the data lie like, they come back', async (t) => {
	const file = path.join(await scratch(t), 'any');
	await fc.assert(
		fc.asyncProperty(layouts, async ({ extents, bytes, pieceBytes }) => {
			const whole = Buffer.alloc(bytes);
			for (const [index, [offset, length]] of extents.entries()) whole.fill(index + 1, offset, offset + length);
			await writeFile(file, whole);
			const sum = extents.reduce((before, [offset, length]) => crc32(whole.subarray(offset, offset + length), before), 0);
			const again = await goRound({ file, listed: { path: 'any', bytes, extents, crc32: sum } }, pieceBytes);
			return whole.equals(await readFile(again));
		}),
		{ numRuns: 60 },
	);
	t.pass();
});

const listed: SparseFile = { path: 'checkpoint/0123456789abcdef/0.ram', bytes: 10, extents: [[2, 4]], crc32: crc32('data') };

test('data that are not those that were packed are refused', async (t) => {
	const file = path.join(await scratch(t), 'f');
	await t.throwsAsync(writeSparse(file, listed, inPieces(Buffer.from('dote'), 3)), { message: /0\.ram is damaged: its checksum differs/ });
	await rm(file);
	await t.throwsAsync(writeSparse(file, listed, inPieces(Buffer.from('data and more'), 3)), { message: /more data than it lists/ });
	await t.throwsAsync(writeSparse(file, listed, inPieces(Buffer.from('data'), 3)), { code: 'EEXIST' });
});

test('a file that has become shorter is not packed', async (t) => {
	const file = path.join(await scratch(t), 'f');
	await writeFile(file, 'abc');
	await t.throwsAsync(goRound({ file, listed }, 10), { message: /ends at 3/ });
});

test('room that there is not is reported before it is needed', async (t) => {
	const directory = await scratch(t);
	await requireSpace(directory, 1);
	await t.throwsAsync(requireSpace(directory, 2 ** 60), { code: 'disk-full', message: /not enough disk space in .*: up to .* are needed, .* are free/ });
});
