/** QEMU as a process: its console, its monitor, and what ends it. It does not depend on what is inside of the machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, type Failure } from '../base/errors.js';
import { formatBytes, formatMs, lastLines } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { withDeadline } from '../base/waiting.js';
import { startChild, type Child } from '../process/child.js';
import { propertiesOf } from './accelerators.js';
import { Console, haltedMeaning, maximumLogBytes, type FatalPattern } from './console.js';
import { loadMachine, saveMachine, type MachineProcess } from './memory.js';
import { freezeDisk, halt, proceed } from './migration.js';
import { Qmp } from './qmp.js';
import { connectUnix } from './socket.js';
import type { Accelerator, MachineSpec } from './spec.js';
import { guestPoweredOff, guestRebooted, guestReset, machineDied, machineLate, type MachineHardware } from './running-machine.js';

export interface QemuOptions {
	readonly accelerator: Accelerator;
	readonly consoleFile: string;
	/** Its niceness where processors are short, from 0 to 19 (nice(2)). */
	readonly niceness?: number;
	readonly cleanup: CleanupStack;
	/** Called with what the reader should know of it, and that fails nothing. */
	readonly onNotice: (message: string) => void;
	readonly signal?: AbortSignal | undefined;
	/** More patterns on its console that mean that there is nothing more to wait for. */
	readonly fatalPatterns?: readonly FatalPattern[];
	/** Called with what it writes to its console. */
	readonly onConsole?: (text: string) => void;
	/** Whether something is typed at its console. */
	readonly isTypedAt?: boolean;
}

/** A running QEMU process. */
export interface QemuProcess {
	readonly hardware: MachineHardware;
	readonly breakage: Breakage;
	readonly console: Console;
	/** Connects to a Unix socket that it makes. */
	connect(path: string): Promise<Socket>;
	/** Types at its console. */
	type(text: string): void;
	/** Resolves when it has ended because its guest has shut down, as `ask` asked it to. @throws Failure `machine-deadline` */
	ends(ask: () => void, options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined }): Promise<void>;
	/** The failure of a machine that was waited for too long. */
	late(what: string, deadlineMs: number): Failure;
}

/** How long QEMU may take to make its sockets, in milliseconds. */
const socketDeadlineMs = 20_000;

/** Starts QEMU with arguments for `spec`. Resolves when its monitor answers. */
export async function startQemu(spec: MachineSpec, argv: readonly string[], options: QemuOptions): Promise<QemuProcess> {
	const { cleanup, signal } = options;
	const breakage = new Breakage(spec.name);
	const console = new Console(options.consoleFile, {
		onFatal: (meaning) => breakage.report(meaning === haltedMeaning ? guestPoweredOff : machineDied, meaning),
		...(options.fatalPatterns ? { fatalPatterns: options.fatalPatterns } : {}),
		...(options.onConsole ? { onText: options.onConsole } : {}),
		onFull: () => options.onNotice(`has written more than ${formatBytes(maximumLogBytes)} to its console: the log of it ends there`),
	});
	breakage.detail = () => console.tail();
	cleanup.defer(`console of ${spec.name}`, () => console.close());

	let child: Child | undefined;
	let qmp: Qmp | undefined;
	cleanup.defer(`machine ${spec.name}`, async () => {
		breakage.expected = true;
		await child?.stop({ graceful: () => qmp?.execute('quit').then(() => undefined), graceMs: 2000 });
	});
	child = await startChild(['qemu-system-x86_64', ...argv], {
		onStdout: (chunk) => console.write(chunk),
		niceness: options.niceness ?? 0,
		...(options.isTypedAt ? { stdin: 'pipe' as const } : {}),
		withoutHugePages: !propertiesOf(options.accelerator).usesHugePages,
	});
	child.stdin?.on('error', () => undefined);
	const { pid, exited, stdin } = child;
	// What the guest did to end it is reported first.
	let ending: Promise<void> | undefined;
	void exited.then(async ({ exitCode, signal: killedBy, recentStderr }) => {
		if (exitCode === 0) await sleep(consoleLagMs);
		await ending;
		const how = killedBy ? `QEMU was killed by ${killedBy}` : `QEMU ended with status ${exitCode}`;
		const message = lastLines(recentStderr, 5);
		breakage.report('qemu-ended', message ? `${how}: ${message}` : how);
	});

	const connect = (path: string) => Promise.race([connectUnix(path, patiently(socketDeadlineMs), signal), breakage.promise]);
	const monitor = await connect(spec.qmpSocket);
	qmp = await Promise.race([Qmp.connect(monitor, signal), breakage.promise]);
	qmp.on('event', ({ event, data }) => {
		// With -no-reboot QEMU ends then; whoever keeps the lab starts it anew.
		if (event === 'SHUTDOWN' && data?.['reason'] === 'guest-reset') ending = reportReset(console, breakage);
		if (event === 'SHUTDOWN' && data?.['reason'] === 'guest-shutdown') breakage.report(guestPoweredOff, 'it was powered off from within');
		if (event === 'STOP') void reportStop(qmp, breakage);
	});
	const machineProcess: MachineProcess = { qmp, pid, memory: spec.memory };
	const late = (what: string, deadlineMs: number) =>
		brokenFailure(machineLate, `${spec.name}: ${what} not reached in ${formatMs(deadlineMs)}`, { node: spec.name, detail: console.tail() });
	return {
		hardware: {
			name: spec.name,
			pid,
			memory: spec.memory,
			broken: breakage.promise,
			giveUp: (what) => breakage.report(machineDied, what),
			consoleTail: () => console.tail(),
			halt: (abort) => halt(machineProcess.qmp, abort),
			proceed: (abort) => proceed(machineProcess.qmp, abort),
			save: (files, migration) => saveMachine(machineProcess, files, migration),
			load: (files, migration) => loadMachine(machineProcess, files, migration),
			freezeDisk: (overlayFile, nodes, abort) => freezeDisk(machineProcess.qmp, overlayFile, nodes, abort),
		},
		breakage,
		console,
		connect,
		type: (text) => void stdin?.write(text),
		async ends(ask, { deadlineMs, signal: waitSignal }) {
			breakage.expected = true;
			ask();
			await withDeadline(exited, deadlineMs, () => late('the end of its shutdown was', deadlineMs), waitSignal);
		},
		late,
	};
}

/** What a guest has written to its console before it was reset has been read after that many milliseconds. */
const consoleLagMs = 50;

/** Reports which reset it was: a kernel announces on its console that it restarts the machine, a triple fault does not. */
async function reportReset(console: Console, breakage: Breakage): Promise<void> {
	await sleep(consoleLagMs);
	if (console.announcedRestart()) breakage.report(guestRebooted, 'it was rebooted from within');
	else breakage.report(guestReset, 'it was reset without a message on its console, as a processor does that faults three times over (a triple fault)');
}

/** Why a machine is halted that nobody has stopped (`RunState` in QEMU's QMP reference). QEMU stays alive then. */
async function reportStop(qmp: Qmp, breakage: Breakage): Promise<void> {
	const { status } = (await qmp.execute('query-status').catch(() => ({}))) as { status?: string };
	// Under KVM, a processor that cannot go on.
	if (status === 'internal-error') breakage.report(machineDied, 'its processor stopped with an internal error');
	if (status === 'io-error') breakage.report('machine-disk', 'what it wrote to its disk could not be written: is the disk of this host full?');
}

/** The first thing that broke a machine, as a promise that only ever rejects. */
export class Breakage {
	readonly promise: Promise<never>;
	/** Set once the machine is being stopped: its end is then no news. */
	expected = false;
	detail: () => string = () => '';
	readonly #name: string;
	#reject: (failure: Failure) => void = () => undefined;

	constructor(name: string) {
		this.#name = name;
		this.promise = new Promise((_resolve, reject) => (this.#reject = reject));
		// Whoever waits gets the rejection; that nobody waits at the moment is no fault.
		this.promise.catch(() => undefined);
	}

	report(code: string, what: string): void {
		if (this.expected) return;
		this.#reject(brokenFailure(code, `${this.#name}: ${what}`, { node: this.#name, detail: this.detail() }));
	}
}
