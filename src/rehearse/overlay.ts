import { rm } from 'node:fs/promises';
import { createQcow2 } from '../machine/qcow2.js';

/** Makes an empty qcow2 file; what is below it, QEMU is told with every start. */
export async function createOverlay(file: string, diskMiB: number): Promise<void> {
	// A file of that name may be a checkpoint's too by now: it is left alone, and its name taken away.
	await rm(file, { force: true });
	await createQcow2(file, diskMiB * 2 ** 20);
}
