import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readBootId } from '../base/proc.js';
import { replaceFile } from '../base/files.js';
import { contentKey, sha256 } from '../base/hash.js';
import { proveAccelerator, candidatesFor, type AcceleratorChoice, type ProvenAccelerator } from '../machine/accelerator.js';
import { canaryArguments, bootCanary, type CanaryKernel, type CanaryOutcome } from '../machine/canary.js';
import type { Accelerator } from '../machine/spec.js';
import { run } from '../process/run.js';
import { bootTwice, isBelieved, isRemembered } from './canary-verdict.js';
import { thisHost } from './host.js';
import { findKvmHindrance } from './kvm.js';
import { processorModel, readCpuInfo } from './processor.js';

export interface ChoiceOptions {
	readonly choice: AcceleratorChoice;
	/** The kernel that the canary boots: that of one of the lab's images. */
	readonly kernel: CanaryKernel;
	readonly cacheDirectory: string;
	readonly qemuVersion: string;
	readonly signal?: AbortSignal | undefined;
}

/** The first line of `--version` of this host's QEMU, such as `QEMU emulator version 10.0.2 (Debian …)`. */
export async function readQemuVersion(signal?: AbortSignal): Promise<string> {
	const { stdout } = await run(['qemu-system-x86_64', '--version'], { signal });
	return stdout.split('\n')[0] ?? '';
}

/**
 * The accelerator for this host, by canaries that were booted before with the same kernel, on the same QEMU, processor and
 * boot of the host, as far as they are believed. With `--accel kvm` a failure never is: somebody is fixing it.
 */
export async function chooseAccelerator({ choice, ...options }: ChoiceOptions): Promise<ProvenAccelerator> {
	const [hindrance, { flags }] = await Promise.all([findKvmHindrance(thisHost()), readCpuInfo()]);
	const boot = await rememberedCanaries({ ...options, believes: choice === 'kvm' ? 'successes' : 'all' });
	return proveAccelerator({ choice, hindrance, candidates: candidatesFor(flags) }, boot);
}

export interface CanaryOptions extends Pick<ChoiceOptions, 'cacheDirectory' | 'qemuVersion' | 'signal'> {
	readonly kernel: CanaryKernel;
	/** Which outcomes of before are taken for true; what comes of a new canary is remembered in any case. */
	readonly believes: 'all' | 'successes' | 'none';
}

/** Boots canaries, and remembers what became of them. */
export async function rememberedCanaries(options: CanaryOptions): Promise<(accelerator: Accelerator) => Promise<CanaryOutcome>> {
	const { kernel, cacheDirectory, qemuVersion, signal, believes } = options;
	const common = {
		kernel: sha256(await readFile(kernel.kernelFile)),
		qemu: qemuVersion,
		processor: processorModel(),
		boot: await readBootId(),
	};
	const anywhere = [{ kernelFile: '', initrdFile: '' }, { memoryFile: '', qmpSocket: '' }] as const;
	return async (accelerator) => {
		const key = contentKey({ ...common, canary: canaryArguments(accelerator, ...anywhere) });
		const file = path.join(cacheDirectory, 'accelerator', `${key}.json`);
		const known = believes === 'none' ? undefined : await recall(file);
		if (known && ('ms' in known || believes === 'all')) return known;
		const outcome = await bootTwice(accelerator, () => bootCanary(accelerator, kernel, signal));
		// A cache that cannot be written to costs the next run a canary, not this one its life.
		if (isRemembered(accelerator, outcome)) await remember(file, outcome).catch(() => undefined);
		return outcome;
	};
}

async function remember(file: string, outcome: CanaryOutcome): Promise<void> {
	await mkdir(path.dirname(file), { recursive: true });
	await replaceFile(file, JSON.stringify(outcome));
}

async function recall(file: string): Promise<CanaryOutcome | undefined> {
	try {
		const outcome = JSON.parse(await readFile(file, 'utf8')) as CanaryOutcome;
		return isBelieved(outcome, Date.now() - (await stat(file)).mtimeMs) ? outcome : undefined;
	} catch {
		return undefined;
	}
}
