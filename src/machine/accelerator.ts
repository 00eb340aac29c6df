/**
 * Which accelerator a machine can run on, proven. /dev/kvm may open, make a machine and a processor, and still be
 * useless, so a canary boots the lab's own kernel with each candidate until one reaches user space in time.
 */
import { hostFailure } from '../base/errors.js';
import { formatMs, lastLines } from '../base/format.js';
import { withDeadline } from '../base/waiting.js';
import { startChild } from '../process/child.js';
import { commonArguments, type Accelerator } from './spec.js';

/** An accelerator that a canary has proven on this host. */
export interface ProvenAccelerator extends Accelerator {
	/** Why it is this one, for people. */
	readonly reason: string;
	/** How long the canary took to user space, in milliseconds: the measure that deadlines are scaled by. */
	readonly canaryMs: number;
	/** KVM was no worse than too slow, as it may be on a host that is busy: worth another try later. */
	readonly isProvisional?: true;
}

/** How long a verdict is believed that may be owed to a busy host, in milliseconds. */
const provisionalMs = 60 * 60_000;

/** Whether an accelerator that was proven so many milliseconds ago need not be proven again. */
export const isBelieved = ({ isProvisional }: Pick<ProvenAccelerator, 'isProvisional'>, ageMs: number): boolean =>
	isProvisional === undefined || ageMs <= provisionalMs;

/** What a person may ask for: `auto` falls back, `kvm` does not. */
export type AcceleratorChoice = 'auto' | 'kvm' | 'tcg';

/** What is tried with KVM, best first. */
export const kvmCandidates: readonly Accelerator[] = [
	{ name: 'kvm', accel: 'kvm', cpu: 'host' },
	// Some hosts offer the arch-capabilities register and then refuse to have it written.
	{ name: 'kvm', accel: 'kvm', cpu: 'host,-arch-capabilities' },
];

/**
 * Emulation. What a guest would use because the processor has it, and what costs an emulator more than it saves, is
 * taken away: five-level page tables lengthen every address look-up, `rep movsb` and `rep stosb` (erms, and what says
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

/** How long a canary may take; with KVM it takes a second, and where it takes longer than this KVM helps nobody. */
const canaryDeadlineMs: Readonly<Record<Accelerator['name'], number>> = { kvm: 15_000, tcg: 180_000 };

/** What the canary prints from user space; computed there, so that an echo of the command line is no success. */
const canaryToken = 'rehearse-canary-42';
const canaryProgram = 'echo rehearse-canary-$((6*7))';

/** QEMU's arguments of the canary: kernel and initial ramdisk, no disk, one command as the first process. */
export const canaryArguments = (accelerator: Accelerator, kernelFile: string, initrdFile: string): string[] => [
	...commonArguments(accelerator),
	...['-m', '256'],
	...['-kernel', kernelFile],
	...['-initrd', initrdFile],
	...['-append', `console=ttyS0 quiet panic=-1 rdinit=/bin/sh -- -c "${canaryProgram}"`],
	...['-serial', 'stdio'],
];

export type CanaryOutcome = { readonly ms: number } | { readonly why: string; readonly isLate?: true };

/** Boots the canary once. Never rejects but for `signal`. */
export async function bootCanary(
	accelerator: Accelerator,
	kernelFile: string,
	initrdFile: string,
	signal?: AbortSignal,
): Promise<CanaryOutcome> {
	const start = performance.now();
	let output = '';
	let onToken = () => {};
	const token = new Promise<void>((resolve) => (onToken = resolve));
	let onDeath = (_why: string) => {};
	const death = new Promise<string>((resolve) => (onDeath = resolve));
	const child = await startChild(['qemu-system-x86_64', ...canaryArguments(accelerator, kernelFile, initrdFile)], {
		signalWhenOrphaned: 'SIGKILL',
		onStdout: (chunk) => {
			output += chunk.toString();
			if (output.includes(canaryToken)) onToken();
		},
		onStderr: (chunk) => {
			if (chunk.includes('KVM internal error')) onDeath('KVM internal error');
		},
	});
	void child.exited.then(({ recentStderr, exitCode, signal: killedBy }) =>
		onDeath(firstComplaint(recentStderr) ?? `QEMU ended (${killedBy ?? `status ${exitCode}`})`),
	);
	try {
		const deadlineMs = canaryDeadlineMs[accelerator.name];
		const late = new Error(`its kernel had not reached user space after ${formatMs(deadlineMs)}`);
		const why = await withDeadline(Promise.race([token, death]), deadlineMs, () => late, signal);
		return why === undefined ? { ms: performance.now() - start } : { why };
	} catch (error) {
		signal?.throwIfAborted();
		return { why: (error as Error).message, isLate: true };
	} finally {
		await child.stop({ graceMs: 500 });
	}
}

/** QEMU's own words about why it ended: the first line of its standard error that is no register dump. */
const firstComplaint = (stderr: string): string | undefined =>
	stderr
		.split('\n')
		.find((line) => line.startsWith('qemu-system'))
		?.replace(/^qemu-system-x86_64: (?:error: )?/, '') || lastLines(stderr, 1) || undefined;

/** The first candidate whose canary reaches user space, or why none does. */
export async function firstWorking(
	boot: (accelerator: Accelerator) => Promise<CanaryOutcome>,
): Promise<ProvenAccelerator | { readonly why: string; readonly isLate: boolean }> {
	const tried: string[] = [];
	let isLate = false;
	for (const candidate of kvmCandidates) {
		const outcome = await boot(candidate);
		if ('ms' in outcome) {
			return { ...candidate, canaryMs: outcome.ms, reason: `KVM booted a kernel in ${formatMs(outcome.ms)} (-cpu ${candidate.cpu})` };
		}
		tried.push(`-cpu ${candidate.cpu}: ${outcome.why}`);
		isLate ||= outcome.isLate ?? false;
	}
	return { why: tried.join('; '), isLate };
}

/**
 * The accelerator for `choice`.
 * @param kvmHindrance why KVM need not even be tried: no device, no permission
 * @throws Failure `no-accelerator` (exit 3) when nothing that `choice` allows works
 */
export async function proveAccelerator(
	choice: AcceleratorChoice,
	kvmHindrance: string | undefined,
	boot: (accelerator: Accelerator) => Promise<CanaryOutcome>,
): Promise<ProvenAccelerator> {
	let whyNotKvm = kvmHindrance ?? '';
	let isLate = false;
	if (choice !== 'tcg' && kvmHindrance === undefined) {
		const working = await firstWorking(boot);
		if ('canaryMs' in working) return working;
		({ why: whyNotKvm, isLate } = working);
	}
	if (choice === 'kvm') {
		throw hostFailure('no-accelerator', `KVM does not work on this host: ${whyNotKvm}`, {
			hint: '`rehearse doctor` says more; without --accel kvm the lab runs under emulation (TCG)',
		});
	}
	const outcome = await boot(tcg);
	if ('why' in outcome) {
		throw hostFailure('no-accelerator', `QEMU cannot boot a kernel on this host, not even emulated: ${outcome.why}`);
	}
	const reason = choice === 'tcg' ? 'asked for' : `KVM does not work on this host: ${whyNotKvm}`;
	return { ...tcg, canaryMs: outcome.ms, reason, ...(isLate && { isProvisional: true }) };
}
