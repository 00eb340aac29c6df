/**
 * Files of gigabytes with few data in them: memory and disks of machines. A bundle has what is between their holes, and
 * they are written with the holes again.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { splitExtents, type Extent } from '../base/extents.js';
import { withFile } from '../base/files.js';
import { isCount } from '../base/untrusted.js';
import { badArchive } from './tar.js';

/** Such a file, as a manifest lists it. */
export interface SparseFile {
	/** Relative to the run's directory, with slashes. */
	readonly path: string;
	/** Holes included. */
	readonly bytes: number;
	/** Where it has data, in ascending order; these bytes are what the archive has of it. */
	readonly extents: readonly Extent[];
	/** Over the data. */
	readonly crc32: number;
}

/** Such a file on this host, to be packed. */
export interface SparseSource {
	readonly listed: SparseFile;
	/** Where it is. */
	readonly file: string;
}

/** How many bytes of data a file has. */
export const dataBytes = ({ extents }: Pick<SparseFile, 'extents'>): number => extents.reduce((sum, [, length]) => sum + length, 0);

/** A block of a file system. */
const blockBytes = 4096;

/** How many bytes a file takes on the disk at most: each of its extents may begin and end within a block. */
export const diskBytes = ({ extents }: Pick<SparseFile, 'extents'>): number => dataBytes({ extents }) + extents.length * 2 * blockBytes;

/** How much is read at once. */
const pieceBytes = 2 ** 20;

/** The data of a file, piece by piece. @throws when the file is shorter than it was */
export async function* readData({ listed, file }: SparseSource): AsyncGenerator<Buffer> {
	const handle = await open(file);
	try {
		for (const [offset, length] of splitExtents(listed.extents, pieceBytes)) {
			// One of its own each time: whoever takes it may not be done with the last one.
			const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
			if (bytesRead < length) throw new Error(`${file} ends at ${offset + bytesRead}`);
			yield buffer;
		}
	} finally {
		await handle.close();
	}
}

/**
 * Writes a file that is not there yet, of the data that an archive has of it.
 * @throws Failure `usage` when the data are not those that were packed
 */
export async function writeSparse(target: string, listed: SparseFile, contents: AsyncIterable<Buffer>): Promise<void> {
	const write = async (handle: FileHandle) => {
		if ((await writeData(handle, listed.extents, contents)) !== listed.crc32) {
			throw badArchive(`${listed.path} is damaged: its checksum differs`);
		}
		await handle.truncate(listed.bytes);
	};
	await withFile(target, 'wx', write, 0o600);
}

/** Puts data where they belong; resolves to their checksum. There are as many of them as the extents are long. */
async function writeData(handle: FileHandle, extents: readonly Extent[], contents: AsyncIterable<Buffer>): Promise<number> {
	const places = extents[Symbol.iterator]();
	let [offset, room]: Extent = [0, 0];
	let sum = 0;
	for await (const piece of contents) {
		sum = crc32(piece, sum);
		for (let rest = piece; rest.length > 0; ) {
			if (room === 0) {
				const next = places.next();
				if (next.done) throw badArchive('it has more data than it lists');
				[offset, room] = next.value;
			}
			const { bytesWritten } = await handle.write(rest, 0, Math.min(room, rest.length), offset);
			[offset, room, rest] = [offset + bytesWritten, room - bytesWritten, rest.subarray(bytesWritten)];
		}
	}
	return sum;
}

/** What is wrong with a file of a stranger's manifest, if anything is. */
export function findSparseProblem(value: unknown): string | undefined {
	const { path, bytes, extents, crc32: sum } = (value ?? {}) as Partial<SparseFile>;
	if (typeof path !== 'string' || !isCount(bytes) || !isCount(sum) || sum >= 2 ** 32 || !Array.isArray(extents)) return 'has a strange entry for a machine';
	if (bytes > maximumBytes) return `lists ${JSON.stringify(path)} with ${bytes} bytes, which no machine has`;
	let end = 0;
	for (const extent of extents as readonly unknown[]) {
		const [offset, length] = Array.isArray(extent) && extent.length === 2 ? (extent as unknown[]) : [];
		if (!isCount(offset) || !isCount(length) || length === 0 || offset < end) return `lists data of ${JSON.stringify(path)} in no order`;
		end = offset + length;
	}
	return end > bytes ? `lists data of ${JSON.stringify(path)} behind its end` : undefined;
}

/** More than any disk or memory of a machine. */
const maximumBytes = 2 ** 42;
