/** KVM on this host: why it cannot be had, what to do about it, and whether a guest runs under it. */
import type { ProbeResult } from '../base/requirement.js';
import { parseCpuInfo } from './processor.js';
import { asRoot, type Host } from './host.js';

const device = '/dev/kvm';

/** Boots something under KVM. Resolves to whether that worked, and why (not). It has a deadline of its own. */
export type ProveKvm = () => Promise<{ readonly usable: boolean; readonly reason: string; readonly noRestore?: string | undefined }>;

/** Why KVM need not even be tried on this host. */
export async function findKvmHindrance(host: Pick<Host, 'exists' | 'tryDevice'>): Promise<string | undefined> {
	if (!(await host.exists(device))) return `there is no ${device}`;
	const code = await host.tryDevice(device);
	return code === undefined ? undefined : `${device} cannot be opened (${code})`;
}

/**
 * What gives this user KVM; nothing where the processor has none, as far as is known.
 * @param error of opening the device
 */
export async function findKvmFix(host: Pick<Host, 'user' | 'readText' | 'describeDevice'>, error: string): Promise<string | undefined> {
	const { uid, username } = host.user;
	if (error === 'EACCES') {
		const { mode = 0, group } = (await host.describeDevice(device)) ?? {};
		// Whoever is in the group of a device that is root's alone has all of the host.
		if ((mode & 0o060) === 0o060 && group !== undefined && group !== 'root') {
			return `${asRoot(uid, `usermod --append --groups ${group} ${username}`)}  # then log in again`;
		}
		return `${asRoot(uid, `chmod 0666 ${device}`)}  # until the next boot; a rule of udev(7) for good`;
	}
	// A container's device policy, which no mode of the file overrules.
	if (error === 'EPERM') return `start the container with --device ${device}`;
	const { flags } = parseCpuInfo((await host.readText('/proc/cpuinfo')) ?? '');
	const extension = ['vmx', 'svm'].find((flag) => flags.includes(flag));
	if (extension === undefined) return undefined;
	return asRoot(uid, `modprobe ${extension === 'svm' ? 'kvm_amd' : 'kvm_intel'}`);
}

/** What an emulated run could do to be many times faster, in one line; nothing where KVM can be opened, or cannot be had. */
export async function adviseKvm(host: Pick<Host, 'user' | 'readText' | 'describeDevice' | 'tryDevice'>): Promise<string | undefined> {
	const error = await host.tryDevice(device);
	const fix = error === undefined ? undefined : await findKvmFix(host, error);
	return fix === undefined ? undefined : `guests are emulated, many times slower than under KVM, which this host has: ${fix}`;
}

/** KVM is never required: without it guests run under TCG, slower. */
export async function probeKvm(host: Host, proveKvm?: ProveKvm): Promise<ProbeResult> {
	const error = await host.tryDevice(device);
	if (error !== undefined) {
		const found = error === 'ENOENT' ? 'not present' : error === 'EACCES' ? 'present, not permitted' : `unusable (${error})`;
		const fix = (await findKvmFix(host, error)) ?? "turn virtualisation on in the firmware, or nested virtualisation in this machine's own host";
		return { status: 'warning', found: `${found}; guests will run under TCG`, fix };
	}
	if (!proveKvm) return { status: 'ok', found: 'present, permitted, not proven' };
	const { usable, reason, noRestore } = await proveKvm();
	if (!usable) return { status: 'warning', found: `present, permitted, but no guest runs: ${reason}; guests will run under TCG` };
	if (noRestore === undefined) return { status: 'ok', found: `present, permitted, proven: ${reason}` };
	return { status: 'warning', found: `present, permitted, proven: ${reason}; but a saved machine does not go on: ${noRestore}` };
}
