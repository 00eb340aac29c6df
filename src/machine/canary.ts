/**
 * The canary: the lab's own kernel with one command in the place of a system, on no disk. It is booted, saved and restored,
 * as a node is, and so shows whether an accelerator works, how fast it is, and whether a saved machine goes on.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { toFailure } from '../base/errors.js';
import { formatMs, lastLines } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { withDeadline } from '../base/waiting.js';
import { startChild, type Child } from '../process/child.js';
import { startJanitor } from '../process/janitor.js';
import { propertiesOf } from './accelerators.js';
import { findFatal } from './console.js';
import { halt, loadState, proceed, requireSaving, saveState, stateLate } from './migration.js';
import { Qmp, qmpSilent } from './qmp.js';
import { connectUnix } from './socket.js';
import { commonArguments, memoryArguments, monitorArguments, stateArguments, type Accelerator } from './spec.js';

/** Where the canary's kernel is. */
export interface CanaryKernel {
	readonly kernelFile: string;
	readonly initrdFile: string;
}

/** The outcome of a canary. */
export type CanaryOutcome =
	| {
			/** How long it took to user space. */
			readonly ms: number;
			/** Why it could not be saved, or did not go on from what was saved. */
			readonly noRestore?: string;
			/** That was a matter of time, as it may be on a busy host. */
			readonly isLate?: true;
	  }
	| {
			readonly why: string;
			readonly isLate?: true;
			/** Its guest ended, and QEMU itself has nothing to complain of: a kernel may panic in a busy moment of the host. */
			readonly byGuest?: true;
	  };

const memoryMiB = 256;

/** What the canary prints from user space; computed there, so that an echo of what it was given is no success. */
const bootedToken = 'rehearse-canary-42';
const restoredToken = 'rehearse-restored-42';
const program = 'echo rehearse-canary-$((6*7)); read x; echo rehearse-restored-$((x*7))';
const answer = '6\n';

/** Where a canary's memory and its monitor are. */
export interface CanaryFiles {
	readonly memoryFile: string;
	readonly qmpSocket: string;
}

/** QEMU's arguments of the canary: kernel and initial ramdisk, no disk, one command as the first process. */
export const canaryArguments = (
	accelerator: Accelerator,
	{ kernelFile, initrdFile }: CanaryKernel,
	{ memoryFile, qmpSocket }: CanaryFiles,
	isRestored = false,
): string[] => [
	...commonArguments(accelerator),
	...memoryArguments(memoryMiB, { file: memoryFile, isShared: !isRestored }),
	...['-kernel', kernelFile],
	...['-initrd', initrdFile],
	...['-append', `console=ttyS0 quiet panic=-1 rdinit=/bin/sh -- -c "${program}"`],
	...['-serial', 'stdio'],
	...monitorArguments(qmpSocket),
	...stateArguments(isRestored),
];

/** Boots the canary, saves it, and restores it from that. Never rejects but for `signal`. */
export async function bootCanary(accelerator: Accelerator, kernel: CanaryKernel, signal?: AbortSignal): Promise<CanaryOutcome> {
	const { canary: limits } = propertiesOf(accelerator);
	return withCleanup(async (cleanup) => {
		const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-canary-'));
		cleanup.defer('canary', () => rm(directory, { recursive: true, force: true }));
		await startJanitor('janitor of the canary', ['rm', '-rf', '--', directory], cleanup);
		const file = (name: string) => path.join(directory, name);
		const stateFile = file('state');
		const start = (isRestored: boolean) => {
			const files = { memoryFile: file('memory'), qmpSocket: file(isRestored ? 'restored.qmp' : 'qmp') };
			return CanaryProcess.start(canaryArguments(accelerator, kernel, files, isRestored), files.qmpSocket, cleanup);
		};
		const began = performance.now();
		const booted = await start(false);
		const bootMs = patiently(limits.bootDeadlineMs);
		try {
			await booted.waitFor(bootedToken, bootMs, `its kernel had not reached user space after ${formatMs(bootMs)}`, signal);
		} catch (error) {
			signal?.throwIfAborted();
			const { why, ...rest } = outcomeOf(error);
			return booted.hasQuit ? { why: findFatal(booted.text) ?? why, ...rest, byGuest: true } : { why, ...rest };
		}
		const ms = performance.now() - began;
		try {
			const options = { deadlineMs: patiently(limits.stateDeadlineMs), signal };
			const late = `it did not go on in ${formatMs(options.deadlineMs)} after it was restored`;
			const qmp = await booted.connect(options);
			await requireSaving(qmp, signal);
			await halt(qmp, signal);
			await saveState(qmp, stateFile, options);
			await booted.end();
			const restored = await start(true);
			const monitor = await restored.connect(options);
			await loadState(monitor, stateFile, options);
			await proceed(monitor, signal);
			restored.write(answer);
			await restored.waitFor(restoredToken, options.deadlineMs, late, signal);
			return { ms };
		} catch (error) {
			signal?.throwIfAborted();
			const { why, ...rest } = outcomeOf(error);
			return { ms, noRestore: why, ...rest };
		}
	});
}

/** A wait that was too long, which need be nobody's fault. */
class Late extends Error {}

const lateCodes: readonly string[] = [qmpSilent, stateLate];

function outcomeOf(error: unknown): { readonly why: string; readonly isLate?: true } {
	const { code, message } = toFailure(error);
	return { why: message, ...(error instanceof Late || lateCodes.includes(code) ? { isLate: true } : {}) };
}

/** A QEMU with a canary in it. */
class CanaryProcess {
	readonly #child: Child;
	readonly #qmpSocket: string;
	readonly #death: Promise<never>;
	readonly #output: { text: string; onText: () => void };

	private constructor(child: Child, qmpSocket: string, death: Promise<never>, output: { text: string; onText: () => void }) {
		this.#child = child;
		this.#qmpSocket = qmpSocket;
		this.#death = death;
		this.#output = output;
	}

	static async start(argv: readonly string[], qmpSocket: string, cleanup: CleanupStack): Promise<CanaryProcess> {
		const output = { text: '', onText: () => {} };
		let onDeath = (_why: string) => {};
		const death = new Promise<never>((_resolve, reject) => (onDeath = (why) => reject(new Error(why))));
		// Nobody may be waiting at the moment.
		death.catch(() => undefined);
		let child: Child | undefined;
		cleanup.defer('canary', () => child?.stop({ graceMs: 500 }));
		child = await startChild(['qemu-system-x86_64', ...argv], {
			signalWhenOrphaned: 'SIGKILL',
			stdin: 'pipe',
			onStdout: (chunk) => {
				output.text += chunk.toString();
				output.onText();
			},
			onStderr: (chunk) => {
				if (chunk.includes('KVM internal error')) onDeath('KVM internal error');
			},
		});
		void child.exited.then(({ recentStderr, exitCode, signal: killedBy }) =>
			onDeath(firstComplaint(recentStderr) ?? `QEMU ended (${killedBy ?? `status ${exitCode}`})`),
		);
		return new CanaryProcess(child, qmpSocket, death, output);
	}

	/** What it has written to its console. */
	get text(): string {
		return this.#output.text;
	}

	/** Whether QEMU has ended in order, as it does when the guest restarts or powers off. */
	get hasQuit(): boolean {
		const { exitCode, recentStderr } = this.#child.exit ?? {};
		return exitCode === 0 && recentStderr === '';
	}

	/** Waits for a token on its console. */
	async waitFor(token: string, deadlineMs: number, late: string, signal: AbortSignal | undefined): Promise<void> {
		const shown = new Promise<void>((resolve) => {
			this.#output.onText = () => {
				if (this.#output.text.includes(token)) resolve();
			};
			this.#output.onText();
		});
		await withDeadline(Promise.race([shown, this.#death]), deadlineMs, () => new Late(late), signal);
	}

	write(text: string): void {
		this.#child.stdin?.write(text);
	}

	async connect({ deadlineMs, signal }: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined }): Promise<Qmp> {
		const socket = await Promise.race([connectUnix(this.#qmpSocket, deadlineMs, signal), this.#death]);
		return Promise.race([Qmp.connect(socket, signal), this.#death]);
	}

	end(): Promise<void> {
		return this.#child.stop({ graceMs: 500 });
	}
}

/** QEMU's own message about why it ended: the first line of its standard error that is no register dump. */
const firstComplaint = (stderr: string): string | undefined =>
	stderr
		.split('\n')
		.find((line) => line.startsWith('qemu-system'))
		?.replace(/^qemu-system-x86_64: (?:error: )?/, '') || lastLines(stderr, 1) || undefined;
