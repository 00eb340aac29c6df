/** Digests of real sparse files: small amounts of data, far apart. */
import { mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { digestFile, verifyFile } from '../../../src/checkpoint/digest.js';

const mib = 2 ** 20;

/** A file of 4 GiB and a bit, with data here and there, as QEMU leaves one of a machine's RAM. */
async function sparseFile(t: ExecutionContext, letter = 'r'): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-digest-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const file = path.join(directory, `${letter}.ram`);
	await writeFile(file, letter.repeat(10_000));
	await truncate(file, 4096 * mib + 100);
	await overwrite(file, 64 * mib, letter.repeat(5 * mib));
	await overwrite(file, 3000 * mib, letter.repeat(4096));
	await overwrite(file, 4096 * mib, letter.repeat(100));
	return file;
}

async function overwrite(file: string, position: number, text: string): Promise<void> {
	const handle = await open(file, 'r+');
	await handle.write(Buffer.from(text), 0, text.length, position);
	await handle.close();
}

test('the digest of a sparse file depends on its size and where its data is, the end included', async (t) => {
	const { bytes, extents } = await digestFile(await sparseFile(t));
	t.is(bytes, 4096 * mib + 100);
	t.deepEqual(extents.map(([offset]) => offset), [0, 64 * mib, 3000 * mib, 4096 * mib]);
	t.true(extents.every(([, length]) => length > 0 && length < 6 * mib));
	const [last = 0, length = 0] = extents.at(-1) ?? [];
	t.is(last + length, bytes);
});

test('a file without holes is one extent, an empty one none', async (t) => {
	const file = await sparseFile(t);
	await writeFile(file, 'x'.repeat(3 * mib + 1));
	t.deepEqual((await digestFile(file)).extents, [[0, 3 * mib + 1]]);
	await writeFile(file, '');
	t.deepEqual(await digestFile(file), { bytes: 0, extents: [], crc32: 0 });
});

test('a file that is nothing but a hole', async (t) => {
	const file = await sparseFile(t);
	await truncate(file, 0);
	await truncate(file, 8 * mib);
	const digest = await digestFile(file);
	t.deepEqual(digest, { bytes: 8 * mib, extents: [], crc32: 0 });
	t.is(await verifyFile(file, digest), undefined);
});

const verified = test.macro({
	title: (title) => `verified: ${title}`,
	async exec(t, damage: (file: string, t: ExecutionContext) => Promise<void>, reason: RegExp | undefined) {
		const file = await sparseFile(t);
		const digest = await digestFile(file);
		await damage(file, t);
		const found = await verifyFile(file, digest);
		if (reason) t.regex(found ?? '', reason);
		else t.is(found, undefined);
	},
});

test('as it was saved', verified, async () => undefined, undefined);
test('with zeroes where a hole was, as a copy may have them', verified, (file) => overwrite(file, 1000 * mib, '\0'.repeat(mib)), undefined);
test('truncated', verified, (file) => truncate(file, 2000 * mib), /^is 2097152000 bytes instead of 4294967396 \(truncated\?\)$/);
test('truncated to nothing', verified, (file) => truncate(file, 0), /^is 0 bytes instead of/);
test('a byte shorter', verified, (file) => truncate(file, 4096 * mib + 99), /\(truncated\?\)$/);
test('longer', verified, (file) => truncate(file, 5000 * mib), /^is 5242880000 bytes instead of 4294967396$/);
test('truncated and grown again', verified, async (file) => {
	await truncate(file, 2000 * mib);
	await truncate(file, 4096 * mib + 100);
}, /^has other contents than were saved$/);
test('a page zeroed in the middle of its data', verified, (file) => overwrite(file, 66 * mib, '\0'.repeat(4096)), /^has other contents than were saved$/);
test('another bit in its last byte', verified, (file) => overwrite(file, 4096 * mib + 99, 's'), /^has other contents than were saved$/);
test('swapped for another of the same shape', verified, async (file, t) => rename(await sparseFile(t, 'q'), file), /^has other contents than were saved$/);
test('missing', verified, (file) => rm(file), /^is missing$/);
test('not a file', verified, async (file) => {
	await rm(file);
	await rename(await mkdtemp(path.join(path.dirname(file), 'directory-')), file);
}, /^(?:is \d+ bytes instead|cannot be read)/);

test('an abort ends a digest and a verification with its reason, not as damage', async (t) => {
	const file = await sparseFile(t);
	const digest = await digestFile(file);
	const reason = new Error('interrupted');
	const signal = AbortSignal.abort(reason);
	t.is(await t.throwsAsync(verifyFile(file, digest, signal)), reason);
	t.is(await t.throwsAsync(digestFile(file, signal)), reason);
});
