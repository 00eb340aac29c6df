import { open } from 'node:fs/promises';

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

/** Writes an empty disk to a new file. @throws what the file system has to say, also when the file is there already */
export async function createQcow2(file: string, diskBytes: number): Promise<void> {
	const { fileBytes, stretches } = emptyQcow2(diskBytes);
	const handle = await open(file, 'wx', 0o644);
	try {
		for (const { offset, bytes } of stretches) await handle.write(bytes, 0, bytes.length, offset);
		await handle.truncate(fileBytes);
	} finally {
		await handle.close();
	}
}
