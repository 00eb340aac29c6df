/** What decides whether the saved state of a machine can be used again: what runs the machine, and with which arguments. */
import { contentKey } from '../base/hash.js';
import type { Fingerprint } from '../checkpoint/manifest.js';
import { qemuArguments, type Accelerator, type MachineSpec } from './spec.js';

/** The host's part: another QEMU, or another processor, cannot be trusted with a saved state. */
export interface HostFingerprint {
	/** `qemu-system-x86_64 --version`. */
	readonly qemuVersion: string;
	readonly accelerator: Accelerator;
	/** The host's processor by its model name. */
	readonly processor: string;
	/** What else shows in a guest's processor under that accelerator, by names for people. */
	readonly processorInputs: Readonly<Record<string, string>>;
}

/**
 * What every saved machine depends on, on any host: the program that runs it, and the arguments that the tool starts it
 * with.
 */
export function machineFingerprint(spec: MachineSpec, { qemuVersion, accelerator, processor, processorInputs }: HostFingerprint): Fingerprint {
	return {
		QEMU: qemuVersion,
		accelerator: accelerator.accel,
		// Emulated or not, its time stamp counter is the host's, and goes as fast.
		processor: `${accelerator.cpu} on ${processor}`,
		...processorInputs,
		machine: contentKey(qemuArguments(anywhere(spec), accelerator)),
	};
}

/** A machine's description without what differs from run to run: where its files are. */
const anywhere = (spec: MachineSpec): MachineSpec => ({
	...spec,
	tap: '',
	...{ kernelFile: '', initrdFile: '', overlayFile: '', rootFile: '', seedFile: '', memory: { file: '', isShared: true }, qmpSocket: '', agentSocket: '', controlChannelSocket: '', commandSocket: '', debugSocket: '', shellSocket: '' },
});
