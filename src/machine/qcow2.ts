import { rm, type FileHandle } from 'node:fs/promises';
import { withFile, writeFully } from '../base/files.js';

/** An empty file's clusters are, in this order: header, both levels of reference counts, and an L1 table of zeros. */
const clusterBits = 16;
const clusterBytes = 2 ** clusterBits;
const headerBytes = 104;
/** An entry of the L1 table stands for a cluster of L2 entries, of 8 bytes for a cluster of data each. */
const bytesPerL1Entry = (clusterBytes / 8) * clusterBytes;

/** A stretch of a file; everything between stretches is zero. */
export interface Stretch {
	readonly offset: number;
	readonly bytes: Buffer;
}

/**
 * An empty disk in qcow2, version 3 (QEMU's docs/interop/qcow2.txt), as `qemu-img create` makes it.
 * @param diskBytes what the guest sees, a multiple of 512
 */
export function emptyQcow2(diskBytes: number): { readonly fileBytes: number; readonly stretches: readonly Stretch[] } {
	const l1Entries = Math.ceil(diskBytes / bytesPerL1Entry);
	const clusters = 3 + Math.ceil((l1Entries * 8) / clusterBytes);
	const header = Buffer.alloc(headerBytes);
	header.write('QFI\xfb', 'latin1');
	header.writeUInt32BE(3, 4);
	header.writeUInt32BE(clusterBits, 20);
	header.writeBigUInt64BE(BigInt(diskBytes), 24);
	header.writeUInt32BE(l1Entries, 36);
	header.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
	header.writeBigUInt64BE(BigInt(clusterBytes), 48);
	header.writeUInt32BE(1, 56);
	// Reference counts of 2^4 bits.
	header.writeUInt32BE(4, 96);
	header.writeUInt32BE(headerBytes, 100);
	const table = Buffer.alloc(8);
	table.writeBigUInt64BE(BigInt(2 * clusterBytes));
	const counts = Buffer.alloc(clusters * 2);
	for (let cluster = 0; cluster < clusters; cluster++) counts.writeUInt16BE(1, cluster * 2);
	return {
		fileBytes: clusters * clusterBytes,
		stretches: [
			{ offset: 0, bytes: header },
			{ offset: clusterBytes, bytes: table },
			{ offset: 2 * clusterBytes, bytes: counts },
		],
	};
}

/** Features that a reader has to know (the header's bytes 72 to 79): that it was not closed well, and nothing else. */
const dirty = 1n;

/**
 * What is wrong with a file's header: not written by this tool, or QEMU would open another file for it; undefined for a
 * good one.
 */
export function judgeQcow2(header: Buffer): string | undefined {
	if (header.length < headerBytes || header.toString('latin1', 0, 4) !== 'QFI\xfb' || header.readUInt32BE(4) !== 3) return 'it is no qcow2, version 3';
	if (header.readUInt32BE(32) !== 0) return 'it is encrypted';
	if (header.readUInt32BE(60) !== 0 || header.readBigUInt64BE(64) !== 0n) return 'it has snapshots';
	return (header.readBigUInt64BE(72) & ~dirty) === 0n ? undefined : 'its data may be in another file';
}

/** Reads a file's header and judges it in the same way. */
export async function findQcow2Danger(file: string): Promise<string | undefined> {
	return withFile(file, 'r', async (handle) => {
		const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
		return judgeQcow2(buffer.subarray(0, bytesRead));
	});
}

/** Writes an empty disk to a new file. @throws the file system's error, also when the file is there already */
export async function createQcow2(file: string, diskBytes: number): Promise<void> {
	const { fileBytes, stretches } = emptyQcow2(diskBytes);
	const write = async (handle: FileHandle) => {
		for (const { offset, bytes } of stretches) await writeFully(handle, bytes, offset);
		await handle.truncate(fileBytes);
	};
	await withFile(file, 'wx', write, 0o644);
}

/** The name of a node's disk by how many layers are below it. A dot is in no node's name, so `db` has no file of `db-1`. */
export const overlayName = (node: string, layers: number): string => (layers === 0 ? `${node}.qcow2` : `${node}.${layers}.qcow2`);

/** Makes an empty qcow2 file; QEMU gets the file below it as an argument of every start. */
export async function createOverlay(file: string, diskMiB: number): Promise<void> {
	// A file of that name may be a checkpoint's too by now: it is left alone, and its name taken away.
	await rm(file, { force: true });
	await createQcow2(file, diskMiB * 2 ** 20);
}
