import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from '../base/files.js';
import { candidatesFor, firstWorking } from '../machine/accelerator.js';
import type { CanaryKernel } from '../machine/canary.js';
import { readQemuVersion, rememberedCanaries } from './accelerator-choice.js';
import type { ProveKvm } from './kvm.js';
import { readCpuInfo } from './processor.js';

export interface KvmCheckOptions {
	/** Where images are; the kernel is that of any of them. */
	readonly images: string;
	readonly cacheDirectory: string;
	readonly signal: AbortSignal;
	/** Called when a kernel is going to be booted. */
	readonly onStart: () => void;
}

/**
 * A check of KVM that boots the kernel of an image; undefined where there is no image yet. The next run believes its
 * outcome.
 */
export async function checkKvm({ images, cacheDirectory, signal, onStart }: KvmCheckOptions): Promise<ProveKvm | undefined> {
	const kernel = await findKernel(images);
	if (!kernel) return undefined;
	return async () => {
		onStart();
		const [qemuVersion, { flags }] = await Promise.all([readQemuVersion(signal), readCpuInfo()]);
		const boot = await rememberedCanaries({ kernel, cacheDirectory, qemuVersion, signal, believes: 'none' });
		const working = await firstWorking(candidatesFor(flags), boot);
		if ('why' in working) return { usable: false, reason: working.why };
		const { reason, noRestore } = working;
		return { usable: true, reason: noRestore === undefined ? `${reason} and restored it` : reason, noRestore };
	};
}

async function findKernel(images: string): Promise<CanaryKernel | undefined> {
	for (const name of await readdir(images).catch(() => [])) {
		// `….partial` is still being built.
		if (name.includes('.')) continue;
		const kernel = { kernelFile: path.join(images, name, 'vmlinuz'), initrdFile: path.join(images, name, 'initrd') };
		const found = await Promise.all(Object.values(kernel).map((file) => isThere(file)));
		if (found.every(Boolean)) return kernel;
	}
	return undefined;
}
