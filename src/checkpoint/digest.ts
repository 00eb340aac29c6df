/**
 * Digests of a checkpoint's files. A machine's RAM is a file of gigabytes with a few hundred megabytes of data. So a digest
 * lists where the data is, and verifying it reads nothing else.
 */
import { stat, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { diskUsage } from '../base/disk-usage.js';
import { mergeExtents, splitExtents, type Extent } from '../base/extents.js';
import { withFile } from '../base/files.js';
import { run } from '../process/run.js';
import type { FileDigest } from './manifest.js';

/** Smaller holes are read as zeros: that is faster than a separate read behind the hole. In bytes. */
const smallHole = 2 ** 18;

/** How many bytes are read at a time. */
const chunkBytes = 2 ** 20;

/** Makes the digest of a file. Nobody may write to the file any more. */
export async function digestFile(file: string, signal?: AbortSignal): Promise<FileDigest> {
	const [{ size }, occupied] = await Promise.all([stat(file), diskUsage(file)]);
	const holes = size - occupied;
	const extents = mergeExtents(holes < smallHole ? [[0, size]] : await findData(file, signal), size, smallHole);
	return { bytes: size, extents, crc32: await withFile(file, 'r', (handle) => checksum(handle, extents, signal)) };
}

/** What is wrong with a file, compared with its digest; undefined when it is intact. */
export async function verifyFile(file: string, digest: FileDigest, signal?: AbortSignal): Promise<string | undefined> {
	try {
		return await withFile(file, 'r', async (handle) => {
			const { size } = await handle.stat();
			if (size !== digest.bytes) return `is ${size} bytes instead of ${digest.bytes}${size < digest.bytes ? ' (truncated?)' : ''}`;
			const same = (await checksum(handle, digest.extents, signal)) === digest.crc32;
			return same ? undefined : 'has other contents than were saved';
		});
	} catch (error) {
		signal?.throwIfAborted();
		const { code, message } = error as NodeJS.ErrnoException;
		return code === 'ENOENT' ? 'is missing' : `cannot be read: ${message}`;
	}
}

/** Finds the ranges of a file that have data. Node has no lseek(2) with SEEK_DATA, but qemu-img uses it. */
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
		// The next read begins before the checksum of the last piece, which blocks this thread.
		const reading = file.read(turn++ % 2 === 0 ? buffers[0] : buffers[1], 0, length, offset);
		sum = crc32(filled, sum);
		const { buffer, bytesRead } = await reading;
		if (bytesRead < length) throw new Error(`it ends at ${offset + bytesRead}`);
		filled = buffer.subarray(0, bytesRead);
	}
	return crc32(filled, sum);
}
