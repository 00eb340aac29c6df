/**
 * Which accelerator a machine can run on, proven. /dev/kvm may open, make a machine and a processor, and still be
 * useless, so a canary boots the lab's own kernel with each candidate until one reaches user space in time.
 */
import { hostFailure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import type { AcceleratorName } from '../lab/events.js';
import type { CanaryOutcome } from './canary.js';
import type { Accelerator } from './spec.js';

/** An accelerator that a canary has proven on this host. */
export interface ProvenAccelerator extends Accelerator {
	/** Why it is this one, for people. */
	readonly reason: string;
	/** How long the canary took to user space, in milliseconds: the measure that deadlines are scaled by. */
	readonly canaryMs: number;
	/** Why a machine that was saved cannot go on here, where that was seen. */
	readonly noRestore?: string;
}

/** What a person may ask for: `auto` falls back, `kvm` does not. */
export type AcceleratorChoice = 'auto' | AcceleratorName;

/**
 * A guest has no use for virtualisation of its own, nor for the performance counters, and what it has of either has to be
 * saved and restored with it.
 */
const kvmProcessor = 'host,-vmx,-svm,pmu=off';

/** What is tried with KVM, best first. */
export const kvmCandidates: readonly Accelerator[] = [
	{ name: 'kvm', accel: 'kvm', cpu: kvmProcessor },
	// Some hosts offer the arch-capabilities register and then refuse to have it written.
	{ name: 'kvm', accel: 'kvm', cpu: `${kvmProcessor},-arch-capabilities` },
];

/** The candidates that differ on a host: one whose processor has no arch-capabilities has nothing to take away. @param flags of `/proc/cpuinfo` */
export const candidatesFor = (flags: readonly string[]): readonly Accelerator[] =>
	flags.includes('arch_capabilities') ? kvmCandidates : kvmCandidates.slice(0, 1);

/**
 * Emulation. What a guest would use because the processor has it, and what costs an emulator more than it saves, is
 * taken away: five-level page tables lengthen every address look-up, `rep movsb` and `rep stosb` (erms, and the flags
 * that they are fast: fsrm, fsrs, fsrc, fzrm) are carried out byte by byte, smap and smep end a translation block at every
 * access to user memory, protection keys (pku, pks) are looked after at every change of process, umip is one more
 * thing to emulate, svm has modules loaded. Together with the leaner machine a boot took 17 % less processor time, and
 * 5 % less again for the last six. The translation buffer is 1 GiB a guest by default, which four guests do not need;
 * a node with PostgreSQL filled 256 MiB from power-on to its last assertion.
 */
export const tcg: Accelerator = {
	name: 'tcg',
	accel: 'tcg,thread=multi,tb-size=320',
	cpu: 'max,la57=off,erms=off,fsrm=off,fsrs=off,fsrc=off,fzrm=off,smap=off,smep=off,umip=off,pku=off,pks=off,pcid=off,svm=off',
};

/** The first candidate whose canary reaches user space, or why none does. */
export async function firstWorking(
	candidates: readonly Accelerator[],
	boot: (accelerator: Accelerator) => Promise<CanaryOutcome>,
): Promise<ProvenAccelerator | { readonly why: string }> {
	const tried: string[] = [];
	for (const candidate of candidates) {
		const outcome = await boot(candidate);
		if ('ms' in outcome) return proven(candidate, outcome, `KVM booted a kernel in ${formatMs(outcome.ms)} (-cpu ${candidate.cpu})`);
		tried.push(`-cpu ${candidate.cpu}: ${outcome.why}`);
	}
	return { why: tried.join('; ') };
}

const proven = (accelerator: Accelerator, { ms, noRestore }: Extract<CanaryOutcome, { ms: number }>, reason: string): ProvenAccelerator => ({
	...accelerator,
	canaryMs: ms,
	reason,
	...(noRestore === undefined ? {} : { noRestore }),
});

/** Which accelerators to try. */
export interface AcceleratorOptions {
	readonly choice: AcceleratorChoice;
	/** Why KVM need not even be tried: no device, no permission. */
	readonly hindrance?: string | undefined;
	/** What is tried with KVM, best first. */
	readonly candidates: readonly Accelerator[];
}

/**
 * The accelerator for a choice.
 * @throws Failure `no-accelerator` (exit 3) when nothing that the choice allows works
 */
export async function proveAccelerator(
	{ choice, hindrance, candidates }: AcceleratorOptions,
	boot: (accelerator: Accelerator) => Promise<CanaryOutcome>,
): Promise<ProvenAccelerator> {
	let whyNotKvm = hindrance ?? '';
	if (choice !== 'tcg' && hindrance === undefined) {
		const working = await firstWorking(candidates, boot);
		if ('canaryMs' in working) return working;
		whyNotKvm = working.why;
	}
	if (choice === 'kvm') {
		throw hostFailure('no-accelerator', `KVM does not work on this host: ${whyNotKvm}`, {
			hint: '`rehearse doctor` shows more; without --accel kvm the lab runs under emulation (TCG)',
		});
	}
	const outcome = await boot(tcg);
	if ('why' in outcome) {
		throw hostFailure('no-accelerator', `QEMU cannot boot a kernel on this host, not even emulated: ${outcome.why}`);
	}
	return proven(tcg, outcome, choice === 'tcg' ? 'asked for' : `KVM does not work on this host: ${whyNotKvm}`);
}
