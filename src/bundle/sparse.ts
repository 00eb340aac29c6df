/**
 * Sparse files: the memory and disks of machines are gigabytes long, with little data in them. A bundle contains only the
 * data between the holes. Unpacking makes the holes again.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { splitExtents, type Extent } from '../base/extents.js';
import { withFile } from '../base/files.js';
import { isCount } from '../base/untrusted.js';
import { badArchive } from './tar.js';

/** A sparse file, as a manifest lists it. */
export interface SparseFile {
	/** Relative to the run's directory, with slashes. */
	readonly path: string;
	/** Its length, with its holes. */
	readonly bytes: number;
	/** The ranges with data, in ascending order. The archive contains exactly these bytes. */
	readonly extents: readonly Extent[];
	/** The checksum of the data. */
	readonly crc32: number;
}

/** A sparse file on this host that will be packed. */
export interface SparseSource {
	readonly listed: SparseFile;
	/** Its path on this host. */
	readonly file: string;
}

/** The number of data bytes of a file. */
export const dataBytes = ({ extents }: Pick<SparseFile, 'extents'>): number => extents.reduce((sum, [, length]) => sum + length, 0);

/** The size of a file system's block, in bytes. */
const blockBytes = 4096;

/** The most bytes that a file occupies on the disk: each extent may begin and end within a block. */
export const diskBytes = ({ extents }: Pick<SparseFile, 'extents'>): number => dataBytes({ extents }) + extents.length * 2 * blockBytes;

/** How many bytes are read at a time. */
const pieceBytes = 2 ** 20;

/** Yields the data of a file, piece by piece. @throws Error when the file is shorter than listed */
export async function* readData({ listed, file }: SparseSource): AsyncGenerator<Buffer> {
	const handle = await open(file);
	try {
		for (const [offset, length] of splitExtents(listed.extents, pieceBytes)) {
			// A new buffer each time: the consumer may still use the last one.
			const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
			if (bytesRead < length) throw new Error(`${file} ends at ${offset + bytesRead}`);
			yield buffer;
		}
	} finally {
		await handle.close();
	}
}

/**
 * Writes a sparse file from its data in an archive. The file must not exist yet.
 * @throws Failure `usage` when the data differ from those that were packed
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

/**
 * Writes data at their offsets. Resolves to their checksum. The caller has checked that `contents` is as long as the
 * extents together.
 */
async function writeData(handle: FileHandle, extents: readonly Extent[], contents: AsyncIterable<Buffer>): Promise<number> {
	const remaining = extents[Symbol.iterator]();
	let [offset, room]: Extent = [0, 0];
	let sum = 0;
	for await (const piece of contents) {
		sum = crc32(piece, sum);
		for (let rest = piece; rest.length > 0; ) {
			if (room === 0) {
				const next = remaining.next();
				if (next.done) throw badArchive('it has more data than it lists');
				[offset, room] = next.value;
			}
			const { bytesWritten } = await handle.write(rest, 0, Math.min(room, rest.length), offset);
			[offset, room, rest] = [offset + bytesWritten, room - bytesWritten, rest.subarray(bytesWritten)];
		}
	}
	return sum;
}

/** What is wrong with an entry of a stranger's manifest; undefined for a valid one. */
export function findSparseProblem(value: unknown): string | undefined {
	const { path, bytes, extents, crc32: sum } = (value ?? {}) as Partial<SparseFile>;
	if (typeof path !== 'string' || !isCount(bytes) || !isCount(sum) || sum >= 2 ** 32 || !Array.isArray(extents)) {
		return 'has an invalid entry for a file of a machine';
	}
	if (bytes > maximumBytes) return `lists ${JSON.stringify(path)} with ${bytes} bytes, more than any machine has`;
	let end = 0;
	for (const extent of extents as readonly unknown[]) {
		const [offset, length] = Array.isArray(extent) && extent.length === 2 ? (extent as unknown[]) : [];
		if (!isCount(offset) || !isCount(length) || length === 0 || offset < end) {
			return `lists data of ${JSON.stringify(path)} out of order`;
		}
		end = offset + length;
	}
	return end > bytes ? `lists data of ${JSON.stringify(path)} behind its end` : undefined;
}

/** Larger than the disk or the memory of any machine, in bytes. */
const maximumBytes = 2 ** 42;
