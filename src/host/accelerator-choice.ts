import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readBootId } from '../base/boot-id.js';
import { usageFailure } from '../base/errors.js';
import { contentKey, sha256 } from '../base/hash.js';
import type { Image } from '../image/store.js';
import {
	canaryArguments,
	bootCanary,
	isBelieved,
	kvmCandidates,
	proveAccelerator,
	tcg,
	type AcceleratorChoice,
	type ProvenAccelerator,
} from '../machine/accelerator.js';
import { run } from '../process/run.js';
import { thisHost, type Host } from './host.js';

export interface ChoiceOptions {
	readonly choice: AcceleratorChoice;
	/** The lab's images; the canary boots the kernel of the first. */
	readonly images: ReadonlyMap<string, Image>;
	readonly cacheDirectory: string;
	readonly qemuVersion: string;
	readonly signal?: AbortSignal | undefined;
}

/** What the QEMU of this host says of its version, such as `QEMU emulator version 10.0.2 (Debian …)`. */
export async function readQemuVersion(signal?: AbortSignal): Promise<string> {
	const { stdout } = await run(['qemu-system-x86_64', '--version'], { signal });
	return stdout.split('\n')[0] ?? '';
}

/** The host's processor by its model name; empty where it tells none. */
export const processorModel = (): string => os.cpus()[0]?.model ?? '';

/**
 * The accelerator for this host, from the cache when the same kernel was tried on the same QEMU, processor and boot
 * of the host before; for an hour, where KVM was only too slow. A refusal of `--accel kvm` is never cached: somebody is
 * fixing it.
 */
export async function chooseAccelerator(options: ChoiceOptions): Promise<ProvenAccelerator> {
	const { choice, signal } = options;
	const [image] = options.images.values();
	if (!image) throw usageFailure('the lab has no nodes');
	const hindrance = await findKvmHindrance(thisHost());
	const key = contentKey({
		choice,
		hindrance: hindrance ?? null,
		candidates: [...kvmCandidates, tcg].map((candidate) => canaryArguments(candidate, '', '')),
		kernel: sha256(await readFile(image.kernelFile)),
		qemu: options.qemuVersion,
		processor: processorModel(),
		boot: await readBootId(),
	});
	const file = path.join(options.cacheDirectory, 'accelerator', `${key}.json`);
	const cached = await readCached(file);
	if (cached) return cached;
	const proven = await proveAccelerator(choice, hindrance, (accelerator) =>
		bootCanary(accelerator, image.kernelFile, image.initrdFile, signal),
	);
	// A cache that cannot be written to costs the next run a canary, not this one its life.
	await remember(file, proven).catch(() => undefined);
	return proven;
}

async function remember(file: string, proven: ProvenAccelerator): Promise<void> {
	await mkdir(path.dirname(file), { recursive: true });
	await writeFile(`${file}.${process.pid}`, JSON.stringify(proven));
	await rename(`${file}.${process.pid}`, file);
}

async function readCached(file: string): Promise<ProvenAccelerator | undefined> {
	try {
		const proven = JSON.parse(await readFile(file, 'utf8')) as ProvenAccelerator;
		return isBelieved(proven, Date.now() - (await stat(file)).mtimeMs) ? proven : undefined;
	} catch {
		return undefined;
	}
}

/** Why KVM need not even be tried on this host. */
export async function findKvmHindrance(host: Pick<Host, 'exists' | 'tryDevice'>): Promise<string | undefined> {
	if (!(await host.exists('/dev/kvm'))) return 'there is no /dev/kvm';
	const code = await host.tryDevice('/dev/kvm');
	return code === undefined ? undefined : `/dev/kvm cannot be opened (${code})`;
}
