import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from '../base/files.js';
import { firstWorking, bootCanary } from '../machine/accelerator.js';
import type { ProveKvm } from './kernel.js';

/** A kernel with its initial ramdisk. */
interface Kernel {
	readonly kernelFile: string;
	readonly initrdFile: string;
}

/**
 * What proves KVM by booting the kernel of an image, any of those in `images`; undefined where there is none yet.
 * `onStart` is called when a kernel is going to be booted.
 */
export async function checkKvm(
	images: string,
	{ signal, onStart }: { readonly signal: AbortSignal; readonly onStart: () => void },
): Promise<ProveKvm | undefined> {
	const kernel = await findKernel(images);
	if (!kernel) return undefined;
	return () => {
		onStart();
		return prove(kernel, signal);
	};
}

async function prove({ kernelFile, initrdFile }: Kernel, signal: AbortSignal): ReturnType<ProveKvm> {
	const working = await firstWorking((candidate) => bootCanary(candidate, kernelFile, initrdFile, signal));
	return 'why' in working ? { usable: false, reason: working.why } : { usable: true, reason: working.reason };
}

async function findKernel(images: string): Promise<Kernel | undefined> {
	for (const name of await readdir(images).catch(() => [])) {
		// `….partial` is still being built.
		if (name.includes('.')) continue;
		const kernel = { kernelFile: path.join(images, name, 'vmlinuz'), initrdFile: path.join(images, name, 'initrd') };
		const found = await Promise.all(Object.values(kernel).map((file) => isThere(file)));
		if (found.every(Boolean)) return kernel;
	}
	return undefined;
}
