/** This host's processor and kernel, as far as a guest can see them. */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { contentKey } from '../base/hash.js';
import { propertiesOf } from '../machine/accelerators.js';
import type { Accelerator } from '../machine/spec.js';

/** The first processor by `/proc/cpuinfo`. */
export interface CpuInfo {
	/** Names of its features, those that the kernel has turned off left out. */
	readonly flags: readonly string[];
	/** The revision of its microcode; empty where the host, itself a guest perhaps, shows none. */
	readonly microcode: string;
}

/** Parses the text of `/proc/cpuinfo`. */
export function parseCpuInfo(text: string): CpuInfo {
	const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
	return { flags: field('flags').split(/\s+/).filter(Boolean), microcode: field('microcode') };
}

/** Reads `/proc/cpuinfo` of this host. */
export const readCpuInfo = async (): Promise<CpuInfo> => parseCpuInfo(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));

/** The host's processor by its model name; empty where it has none. */
export const processorModel = (): string => os.cpus()[0]?.model ?? '';

/**
 * What a guest's processor depends on beside the model of the host's, by names for people. KVM shows the guest what host
 * kernel, microcode and processor offer together: restored under others it may meet an instruction that is not there.
 */
export async function processorInputs(accelerator: Pick<Accelerator, 'name'>): Promise<Readonly<Record<string, string>>> {
	return propertiesOf(accelerator).isEmulated ? {} : kvmInputs(os.release(), await readCpuInfo());
}

/** The same under KVM. @param release of the host's kernel */
export const kvmInputs = (release: string, { flags, microcode }: CpuInfo): Readonly<Record<string, string>> => ({
	'host kernel': release,
	'host microcode': microcode,
	'host CPU flags': contentKey([...flags].sort()),
});
