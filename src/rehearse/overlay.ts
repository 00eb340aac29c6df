import { run } from '../process/run.js';

/** Makes an empty qcow2 file; what is below it, QEMU is told with every start. */
export async function createOverlay(file: string, diskMiB: number, signal?: AbortSignal): Promise<void> {
	await run(['qemu-img', 'create', '-q', '-f', 'qcow2', file, `${diskMiB}M`], { signal });
}
