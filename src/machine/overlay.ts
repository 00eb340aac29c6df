import { rm } from 'node:fs/promises';
import { createQcow2 } from './qcow2.js';

/** The name of a node's disk by how many layers are below it. A dot is in no node's name, so `db` has no file of `db-1`. */
export const overlayName = (node: string, layers: number): string => (layers === 0 ? `${node}.qcow2` : `${node}.${layers}.qcow2`);

/** Makes an empty qcow2 file; what is below it, QEMU is told with every start. */
export async function createOverlay(file: string, diskMiB: number): Promise<void> {
	// A file of that name may be a checkpoint's too by now: it is left alone, and its name taken away.
	await rm(file, { force: true });
	await createQcow2(file, diskMiB * 2 ** 20);
}
