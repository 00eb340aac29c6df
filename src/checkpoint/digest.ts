/**
 * Digests of a checkpoint's files. A machine's RAM is a file of gigabytes with a few hundred megabytes of data in it, so
 * where the data is gets written down when the file is saved, and the rest is never read.
 */
import { stat, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { diskUsage } from '../base/disk-usage.js';
import { mergeExtents, splitExtents, type Extent } from '../base/extents.js';
import { withFile } from '../base/files.js';
import { run } from '../process/run.js';
import type { FileDigest } from './manifest.js';

/** Holes smaller than this are read as the zeros that they are: that takes less time than another read. */
const smallHole = 2 ** 18;

/** How much is read at once. */
const chunkBytes = 2 ** 20;

/** The digest of a file that is written to no more. */
export async function digestFile(file: string, signal?: AbortSignal): Promise<FileDigest> {
	const [{ size }, occupied] = await Promise.all([stat(file), diskUsage(file)]);
	const holes = size - occupied;
	const extents = mergeExtents(holes < smallHole ? [[0, size]] : await findData(file, signal), size, smallHole);
	return { bytes: size, extents, crc32: await withFile(file, 'r', (handle) => checksum(handle, extents, signal)) };
}

/** What is wrong with a file that should be as it was when its digest was taken, if anything is. */
export async function verifyFile(file: string, digest: FileDigest, signal?: AbortSignal): Promise<string | undefined> {
	try {
		return await withFile(file, 'r', async (handle) => {
			const { size } = await handle.stat();
			if (size !== digest.bytes) return `is ${size} bytes instead of ${digest.bytes}${size < digest.bytes ? ' (truncated?)' : ''}`;
			const same = (await checksum(handle, digest.extents, signal)) === digest.crc32;
			return same ? undefined : 'is not what was saved';
		});
	} catch (error) {
		signal?.throwIfAborted();
		const { code, message } = error as NodeJS.ErrnoException;
		return code === 'ENOENT' ? 'is missing' : `cannot be read: ${message}`;
	}
}

/** Where a file has data. Node has no lseek(2) with SEEK_DATA; qemu-img has. */
async function findData(file: string, signal: AbortSignal | undefined): Promise<Extent[]> {
	const { stdout } = await run(['qemu-img', 'map', '--force-share', '--output=json', '-f', 'raw', file], { signal });
	const map = JSON.parse(stdout) as readonly { readonly start: number; readonly length: number; readonly data: boolean }[];
	return map.filter(({ data }) => data).map(({ start, length }) => [start, length]);
}

async function checksum(file: FileHandle, extents: readonly Extent[], signal: AbortSignal | undefined): Promise<number> {
	const buffers = [Buffer.allocUnsafeSlow(chunkBytes), Buffer.allocUnsafeSlow(chunkBytes)] as const;
	let sum = 0;
	let filled = Buffer.alloc(0);
	let turn = 0;
	for (const [offset, length] of splitExtents(extents, chunkBytes)) {
		signal?.throwIfAborted();
		// Begun before the sum of what came before, which keeps this thread busy meanwhile.
		const reading = file.read(turn++ % 2 === 0 ? buffers[0] : buffers[1], 0, length, offset);
		sum = crc32(filled, sum);
		const { buffer, bytesRead } = await reading;
		if (bytesRead < length) throw new Error(`it ends at ${offset + bytesRead}`);
		filled = buffer.subarray(0, bytesRead);
	}
	return crc32(filled, sum);
}
