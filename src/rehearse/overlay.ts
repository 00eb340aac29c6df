import { rm } from 'node:fs/promises';
import { run } from '../process/run.js';

/** Makes an empty qcow2 file; what is below it, QEMU is told with every start. */
export async function createOverlay(file: string, diskMiB: number, signal?: AbortSignal): Promise<void> {
	// A file of that name may be a checkpoint's too by now: it is left alone, and its name taken away.
	await rm(file, { force: true });
	await run(['qemu-img', 'create', '-q', '-f', 'qcow2', file, `${diskMiB}M`], { signal });
}
