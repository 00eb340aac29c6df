import { setTimeout as sleep } from 'node:timers/promises';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, type Failure } from '../base/errors.js';
import { formatBytes, formatMs, lastLines } from '../base/format.js';
import { onLines } from '../base/lines.js';
import { patiently } from '../base/patience.js';
import { untilAborted, withDeadline } from '../base/waiting.js';
import { startChild, type Child } from '../process/child.js';
import { propertiesOf } from './accelerators.js';
import { type AgentMessage, maximumLineBytes, parseAgentMessage, tellTime } from './agent-message.js';
import { CommandChannel, type GuestCommands } from './command-channel.js';
import { Console, haltedMeaning, maximumLogBytes } from './console.js';
import { DebugChannel } from './debugging/channel.js';
import { Qmp } from './qmp.js';
import { ControlChannel } from './control-channel.js';
import { loadMachine, saveMachine, type MachineProcess, type StateFiles } from './memory.js';
import { freezeDisk, halt, proceed, type FrozenDisk, type MigrationOptions } from './migration.js';
import { connectUnix } from './socket.js';
import { qemuArguments, type Accelerator, type GuestMemory, type MachineSpec, type Start } from './spec.js';

/** What the guest's agent can be told (`cloud-init/guest/agent`). */
export type AgentRequest = 'sync' | 'wake' | 'start' | 'snapshot' | 'reboot' | `again ${string}` | `debug ${string}`;

export interface MachineOptions {
	readonly accelerator: Accelerator;
	readonly start: Start;
	readonly consoleFile: string;
	/** Its niceness where processors are short, from 0 to 19 (nice(2)). */
	readonly niceness?: number;
	readonly cleanup: CleanupStack;
	readonly onMessage: (message: AgentMessage) => void;
	/** Called with what the reader should know of it, and that fails nothing. */
	readonly onNotice: (message: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** A machine that QEMU runs. It is stopped by the clean-up stack that it was started with. */
export interface RunningMachine {
	readonly name: string;
	/** QEMU's process id. */
	readonly pid: number;
	readonly memory: GuestMemory;
	readonly controlChannel: ControlChannel;
	readonly commands: GuestCommands;
	readonly debugChannel: DebugChannel;
	/** Rejects when the machine breaks: QEMU ends, the kernel panics, an emergency shell. Never resolves. */
	readonly broken: Promise<never>;
	/** Breaks the machine, as far as whoever waits for it is concerned. */
	giveUp(what: string): void;
	/** The console's last lines. */
	consoleTail(): string;
	/** Sends a request to the guest's agent. */
	send(request: AgentRequest): void;
	/** Halts the machine's processors. */
	halt(signal?: AbortSignal): Promise<void>;
	/** Has the processors go on. */
	proceed(signal?: AbortSignal): Promise<void>;
	/** Saves the halted machine's processor, devices and memory (./memory.ts). It stays halted, and can go on. */
	save(files: Required<StateFiles>, options: MigrationOptions): Promise<StateFiles>;
	/** Loads what was saved into a machine that was started for it. It is halted then, its clock that of old. */
	load(files: StateFiles, options: MigrationOptions): Promise<void>;
	/** Freezes the halted machine's disk, which writes to `overlayFile` from then on (./migration.ts). */
	freezeDisk(overlayFile: string, nodes: FrozenDisk, signal?: AbortSignal): Promise<void>;
	/**
	 * Has the guest shut down in order; QEMU ends with that, which breaks nothing.
	 * @throws Failure `machine-deadline` with the console's end
	 */
	shutDown(options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined }): Promise<void>;
	/**
	 * Waits for the agent's message of a kind, which may have come already.
	 * @throws Failure when the machine breaks first, or `machine-deadline` with the console's end
	 */
	waitFor<K extends AgentMessage['kind']>(
		kind: K,
		options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined; readonly what: string },
	): Promise<Extract<AgentMessage, { kind: K }>>;
}

/** The code of the failure of a machine that was waited for too long. */
export const machineLate = 'machine-deadline';

/** The code of the failure of a machine that cannot go on. */
export const machineDied = 'machine-died';

/** The code of the failure that a machine breaks with when its guest reboots. */
export const guestRebooted = 'guest-rebooted';

/** The code of the same where the guest's kernel has not said that it does. */
export const guestReset = 'guest-reset';

/** The code of the failure that a machine breaks with when its guest powers it off, or halts it. */
export const guestPoweredOff = 'guest-powered-off';

/** Whether a failure says that somebody within the guest has ended it: that is the lab's doing, and no fault of the machine. */
export const isGuestsDoing = (code: string): boolean => code === guestRebooted || code === guestPoweredOff;

/** Whether a failure says that a guest began anew, by whichever way. */
export const isNewBeginning = (code: string): boolean => code === guestRebooted || code === guestReset;

/** How long QEMU may take to make its sockets, in milliseconds. */
const socketDeadlineMs = 20_000;

/** Starts a machine: resolves when QEMU runs and its command channel and its control channel are open, long before the guest has booted. */
export async function startMachine(spec: MachineSpec, options: MachineOptions): Promise<RunningMachine> {
	const { cleanup, signal } = options;
	const breakage = new Breakage(spec.name);
	const console = new Console(options.consoleFile, {
		onFatal: (meaning) => breakage.report(meaning === haltedMeaning ? guestPoweredOff : machineDied, meaning),
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
	child = await startChild(['qemu-system-x86_64', ...qemuArguments(spec, options.accelerator, options.start)], {
		onStdout: (chunk) => console.write(chunk),
		niceness: options.niceness ?? 0,
		withoutHugePages: !propertiesOf(options.accelerator).usesHugePages,
	});
	// What the guest had done to end it is told first.
	let ending: Promise<void> | undefined;
	void child.exited.then(async ({ exitCode, signal: killedBy, recentStderr }) => {
		if (exitCode === 0) await sleep(consoleLagMs);
		await ending;
		const how = killedBy ? `QEMU was killed by ${killedBy}` : `QEMU ended with status ${exitCode}`;
		const words = lastLines(recentStderr, 5);
		breakage.report('qemu-ended', words ? `${how}: ${words}` : how);
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
	const agent = await connect(spec.agentSocket);
	const onTooLong = () => options.onNotice(`a line of its agent has no end: what is longer than ${formatBytes(maximumLineBytes)} is left out`);
	const controlChannel = new ControlChannel(spec.name, await connect(spec.controlChannelSocket), onTooLong);
	const commands = new CommandChannel(spec.name, await connect(spec.commandSocket));
	const debugChannel = new DebugChannel(await connect(spec.debugSocket), onTooLong);
	const mailbox = new Mailbox();
	const endAgent = () => agent.destroy();
	agent.on('error', endAgent);
	const onLine = (line: string) => {
		const message = parseAgentMessage(line);
		if (!message) return;
		// At once: what the guest is told is as old as its way there.
		if (message.kind === 'clock') return tellTime(agent);
		mailbox.put(message);
		try {
			options.onMessage(message);
		} catch (error) {
			breakage.report(machineDied, `what its agent says makes no sense: ${(error as Error).message}`);
		}
	};
	onLines(agent, { maximumBytes: maximumLineBytes, onLine, onTooLong });

	const send = (request: AgentRequest) => void agent.write(`${request}\n`);
	const { pid, exited } = child;
	const process: MachineProcess = { qmp, pid, memory: spec.memory };
	const lateFor = (what: string, deadlineMs: number) => () =>
		brokenFailure(machineLate, `${spec.name}: ${what} not reached in ${formatMs(deadlineMs)}`, {
			node: spec.name,
			detail: console.tail(),
		});
	return {
		name: spec.name,
		pid,
		memory: spec.memory,
		controlChannel,
		commands,
		debugChannel,
		broken: breakage.promise,
		giveUp: (what) => breakage.report(machineDied, what),
		consoleTail: () => console.tail(),
		send,
		halt: (abort) => halt(process.qmp, abort),
		proceed: (abort) => proceed(process.qmp, abort),
		save: (files, migration) => saveMachine(process, files, migration),
		load: (files, migration) => loadMachine(process, files, migration),
		freezeDisk: (overlayFile, nodes, abort) => freezeDisk(process.qmp, overlayFile, nodes, abort),
		async shutDown({ deadlineMs, signal: waitSignal }) {
			breakage.expected = true;
			send('reboot');
			await withDeadline(exited, deadlineMs, lateFor('the end of its shutdown was', deadlineMs), waitSignal);
		},
		waitFor(kind, { deadlineMs, signal: waitSignal, what }) {
			const message = untilAborted(Promise.race([mailbox.take(kind), breakage.promise]), waitSignal);
			return withDeadline(message, deadlineMs, lateFor(what, deadlineMs), waitSignal);
		},
	};
}

/** What a guest has written to its console before it was reset has been read after that many milliseconds. */
const consoleLagMs = 50;

/** A kernel says on its console that it restarts the machine; a processor that can do no more says nothing. */
async function reportReset(console: Console, breakage: Breakage): Promise<void> {
	await sleep(consoleLagMs);
	if (console.saysRestart()) breakage.report(guestRebooted, 'it was rebooted from within');
	else breakage.report(guestReset, 'it was reset without a word on its console, as a processor does that faults three times over (a triple fault)');
}

/** Why a machine is halted that nobody has stopped (`RunState` in QEMU's QMP reference). QEMU stays alive then. */
async function reportStop(qmp: Qmp, breakage: Breakage): Promise<void> {
	const { status } = (await qmp.execute('query-status').catch(() => ({}))) as { status?: string };
	// Under KVM, a processor that cannot go on.
	if (status === 'internal-error') breakage.report(machineDied, 'its processor stopped with an internal error');
	if (status === 'io-error') breakage.report('machine-disk', 'what it wrote to its disk could not be written: is the disk of this host full?');
}

/** The first thing that broke a machine, as a promise that only ever rejects. */
class Breakage {
	readonly promise: Promise<never>;
	/** Set once the machine is being stopped: its end is then no news. */
	expected = false;
	detail: () => string = () => '';
	readonly #name: string;
	#reject: (failure: Failure) => void = () => undefined;

	constructor(name: string) {
		this.#name = name;
		this.promise = new Promise((_resolve, reject) => (this.#reject = reject));
		// Whoever waits is told; that nobody waits at the moment is no fault.
		this.promise.catch(() => undefined);
	}

	report(code: string, what: string): void {
		if (this.expected) return;
		this.#reject(brokenFailure(code, `${this.#name}: ${what}`, { node: this.#name, detail: this.detail() }));
	}
}

/** How many messages of a kind are kept: one is asked for, and one may have come too early. */
const keptMessages = 2;

/** The agent's messages, the first of each kind kept until somebody asks for them. */
class Mailbox {
	readonly #waiting = new Map<string, (message: AgentMessage) => void>();
	readonly #kept: AgentMessage[] = [];

	put(message: AgentMessage): void {
		const waiting = this.#waiting.get(message.kind);
		this.#waiting.delete(message.kind);
		if (waiting) waiting(message);
		else if (this.#kept.filter(({ kind }) => kind === message.kind).length < keptMessages) this.#kept.push(message);
	}

	take<K extends AgentMessage['kind']>(kind: K): Promise<Extract<AgentMessage, { kind: K }>> {
		const index = this.#kept.findIndex((message) => message.kind === kind);
		if (index >= 0) return Promise.resolve(this.#kept.splice(index, 1)[0] as Extract<AgentMessage, { kind: K }>);
		return new Promise((resolve) => this.#waiting.set(kind, resolve as (message: AgentMessage) => void));
	}
}
