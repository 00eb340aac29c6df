
/** What the guest's agent can be told (`cloud-init/guest/agent`). */
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, type Failure } from '../base/errors.js';
import { formatMs, lastLines } from '../base/format.js';
import { onLines } from '../base/lines.js';
import { untilAborted, withDeadline } from '../base/waiting.js';
import { startChild, type Child } from '../process/child.js';
import { parseAgentMessage, type AgentMessage } from './agent-message.js';
import { CommandChannel, type GuestCommands } from './command-channel.js';
import { Console } from './console.js';
import { DebugChannel } from './debugging/channel.js';
import { Qmp } from './qmp.js';
import { ControlChannel } from './control-channel.js';
import { connectUnix } from './socket.js';
import { qemuArguments, type Accelerator, type GuestMemory, type MachineSpec, type Start } from './spec.js';

export type AgentRequest = 'sync' | 'wake' | 'start' | 'snapshot' | 'reboot' | `again ${string}` | `debug ${string}`;

export interface MachineOptions {
	readonly accelerator: Accelerator;
	readonly start: Start;
	readonly consoleFile: string;
	/** Its niceness where processors are short, from 0 to 19 (nice(2)). */
	readonly niceness?: number;
	readonly cleanup: CleanupStack;
	readonly onMessage: (message: AgentMessage) => void;
	readonly signal?: AbortSignal | undefined;
}

/** A machine that QEMU runs. It is stopped by the clean-up stack that it was started with. */
export interface RunningMachine {
	readonly name: string;
	/** QEMU's process id. */
	readonly pid: number;
	readonly memory: GuestMemory;
	readonly qmp: Qmp;
	readonly controlChannel: ControlChannel;
	readonly commands: GuestCommands;
	readonly debugChannel: DebugChannel;
	/** Rejects when the machine breaks: QEMU ends, the kernel panics, an emergency shell. Never resolves. */
	readonly broken: Promise<never>;
	/** Breaks the machine, as far as whoever waits for it is concerned. */
	giveUp(what: string): void;
	/** The console's last lines. */
	consoleTail(): string;
	/** A word to the guest's agent. */
	send(word: AgentRequest): void;
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

/** The code of the failure that a machine breaks with when its guest reboots. */
export const guestRebooted = 'guest-rebooted';

/** How long QEMU may take to make its sockets, in milliseconds. */
const socketDeadlineMs = 20_000;

/** Starts a machine: resolves when QEMU runs and both lines to it are open, long before the guest has booted. */
export async function startMachine(spec: MachineSpec, options: MachineOptions): Promise<RunningMachine> {
	const { cleanup, signal } = options;
	const breakage = new Breakage(spec.name);
	const console = new Console(options.consoleFile, (meaning) => breakage.report('machine-died', meaning));
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
		// A translation buffer fills slowly; up to a fifth of a restored lab's processor time went into clearing huge pages of it.
		withoutHugePages: options.accelerator.name === 'tcg',
	});
	void child.exited.then(({ exitCode, signal: killedBy, recentStderr }) => {
		const how = killedBy ? `QEMU was killed by ${killedBy}` : `QEMU ended with status ${exitCode}`;
		const words = lastLines(recentStderr, 5);
		breakage.report('qemu-ended', words ? `${how}: ${words}` : how);
	});

	const connect = (path: string) => Promise.race([connectUnix(path, socketDeadlineMs, signal), breakage.promise]);
	const monitor = await connect(spec.qmpSocket);
	qmp = await Promise.race([Qmp.connect(monitor, signal), breakage.promise]);
	qmp.on('event', ({ event, data }) => {
		// With -no-reboot QEMU ends then; whoever keeps the lab starts it anew.
		if (event === 'SHUTDOWN' && data?.['reason'] === 'guest-reset') breakage.report(guestRebooted, 'it was rebooted from within');
		if (event === 'STOP') void reportStop(qmp, breakage);
	});
	const agent = await connect(spec.agentSocket);
	const controlChannel = new ControlChannel(spec.name, await connect(spec.controlChannelSocket));
	const commands = new CommandChannel(spec.name, await connect(spec.commandSocket));
	const debugChannel = new DebugChannel(await connect(spec.debugSocket));
	const mailbox = new Mailbox();
	const endAgent = () => agent.destroy();
	agent.on('error', endAgent);
	onLines(agent, {
		onLine(line) {
			const message = parseAgentMessage(line);
			if (!message) return;
			// At once: what the guest is told is as old as its way there.
			if (message.kind === 'clock') return void agent.write(`clock ${Date.now()}\n`);
			mailbox.put(message);
			options.onMessage(message);
		},
	});

	const send = (word: AgentRequest) => void agent.write(`${word}\n`);
	const { pid, exited } = child;
	const lateFor = (what: string, deadlineMs: number) => () =>
		brokenFailure('machine-deadline', `${spec.name}: ${what} not reached in ${formatMs(deadlineMs)}`, {
			node: spec.name,
			detail: console.tail(),
		});
	return {
		name: spec.name,
		pid,
		memory: spec.memory,
		qmp,
		controlChannel,
		commands,
		debugChannel,
		broken: breakage.promise,
		giveUp: (what) => breakage.report('machine-died', what),
		consoleTail: () => console.tail(),
		send,
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

/** Why a machine is halted that nobody has stopped (`RunState` in QEMU's QMP reference). QEMU stays alive then. */
async function reportStop(qmp: Qmp, breakage: Breakage): Promise<void> {
	const { status } = (await qmp.execute('query-status').catch(() => ({}))) as { status?: string };
	// Under KVM, a processor that cannot go on.
	if (status === 'internal-error') breakage.report('machine-died', 'its processor stopped with an internal error');
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

/** The agent's messages, each kept until somebody asks for its kind. */
class Mailbox {
	readonly #waiting = new Map<string, (message: AgentMessage) => void>();
	readonly #kept: AgentMessage[] = [];

	put(message: AgentMessage): void {
		const waiting = this.#waiting.get(message.kind);
		this.#waiting.delete(message.kind);
		if (waiting) waiting(message);
		else this.#kept.push(message);
	}

	take<K extends AgentMessage['kind']>(kind: K): Promise<Extract<AgentMessage, { kind: K }>> {
		const index = this.#kept.findIndex((message) => message.kind === kind);
		if (index >= 0) return Promise.resolve(this.#kept.splice(index, 1)[0] as Extract<AgentMessage, { kind: K }>);
		return new Promise((resolve) => this.#waiting.set(kind, resolve as (message: AgentMessage) => void));
	}
}
