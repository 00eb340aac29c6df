import type { Duplex } from 'node:stream';
import { brokenFailure, toFailure, usageFailure } from '../base/errors.js';
import { patiently } from '../base/patience.js';
import { wasStarted, withoutTrace, type Emit, type MachineEnd, type RunEventBody, type ScriptOutcome, type Status } from '../lab/events.js';
import type { RunningMachine } from '../machine/running-machine.js';
import { occupiedMemory } from '../machine/memory.js';
import type { TerminalSize } from '../machine/control-channel.js';
import { connectUnix } from '../machine/socket.js';
import { dial } from '../network/dial.js';
import { setLink, type LinkState } from '../network/link.js';
import type { NodeStage, NodeStatus } from '../protocol/requests.js';
import type { MachineRunSpec } from '../protocol/run-spec.js';
import { cutOffsIn, type CutOff } from '../trace/cut-offs.js';
import { shutdownInTrace } from '../trace/shutdown.js';
import type { Suspect } from './script-reporter.js';
import type { StartedMachine } from './start-machine.js';

export interface RunningNodeOptions {
	/** Lab address with prefix length. */
	readonly alias: string;
	/** How many times slower the guest is than a fast host's. */
	readonly slowdown: number;
	/** Ends every wait. */
	readonly signal: AbortSignal;
}

/** How long QEMU may take to open a socket that it has made already, in milliseconds. */
const shellSocketMs = 5000;

/** A node while its lab runs: what is known of it, which comes from its events, and the ways into it. */
export class RunningNode {
	runSpec: MachineRunSpec;
	started: StartedMachine | undefined;
	stage: NodeStage = 'waiting';
	startup: Status | undefined;
	paused = false;
	/** Whether it stands still because somebody debugs the lab, and is at a stop. */
	isHalted = false;
	link: LinkState = { state: 'up' };
	/** What its scripts did that may have cut it off, in their order. */
	cuts: readonly CutOff[] = [];
	/** The last of its scripts that asked for the end of its machine, should that come later. */
	suspect: Suspect | undefined;
	/** How what runs in it ended its machine, where nobody has started that again. */
	gone: MachineEnd | undefined;
	readonly #options: RunningNodeOptions;
	/** Resolves when its machine is described, once its image is there. By then `runSpec` is what it is to be. */
	readonly described: Promise<void>;
	#describe: () => void = () => undefined;
	/** Whether somebody has been let into its machine since it has its disk, through all restarts: nobody knows what he has done to it. */
	wasVisited = false;
	/** Whether its link was changed while startup scripts may have run: nobody knows what they, or those of others, have made of that. */
	wasUnplugged = false;
	#alias: string;
	#startedAt: number | undefined;
	#last: StartedMachine | undefined;
	readonly #outcomes = new Map<string, ScriptOutcome>();
	readonly #authorized = new Map<string, { readonly user: string; readonly publicKey: string }>();

	constructor(runSpec: MachineRunSpec, options: RunningNodeOptions) {
		this.runSpec = runSpec;
		this.#options = options;
		this.#alias = options.alias;
		this.described = new Promise((resolve) => (this.#describe = resolve));
		if (!runSpec.isPending) this.#describe();
	}

	get name(): string {
		return this.runSpec.spec.name;
	}

	/** How each of its startup scripts ended, without their traces. */
	get outcomes(): readonly ScriptOutcome[] {
		return [...this.#outcomes.values()];
	}

	/** Takes the description of its machine that was pending. */
	complete(runSpec: MachineRunSpec): void {
		this.runSpec = runSpec;
		this.#describe();
	}

	/** Takes the description of the machine that it is to be from now on. */
	replace(runSpec: MachineRunSpec, alias: string): void {
		this.runSpec = runSpec;
		this.#alias = alias;
	}

	/** The machine that it has or had last. @throws Failure `usage` where it never had one */
	get last(): StartedMachine {
		if (this.#last) return this.#last;
		throw usageFailure(`${this.name} has not been started yet`, { node: this.name });
	}

	/** Takes a machine that was started for the node; its guest is not up yet. */
	begin(started: StartedMachine): void {
		this.started = started;
		this.#last = started;
		this.#startedAt = performance.now();
		this.paused = false;
		this.isHalted = false;
		this.gone = undefined;
		if (this.stage === 'ended') this.stage = 'booting';
	}

	/** There is no machine of the node any more. */
	lose(): void {
		this.started = undefined;
		this.#startedAt = undefined;
		this.paused = false;
		this.isHalted = false;
		this.stage = 'ended';
	}

	/** The machine. @throws Failure `usage` where none runs */
	get machine(): RunningMachine {
		return this.present.machine;
	}

	/** The machine with its disk. @throws Failure `usage` where none runs */
	get present(): StartedMachine {
		if (this.started) return this.started;
		if (this.gone) throw usageFailure(`${this.name} does not run: ${this.gone.message}`, { node: this.name });
		throw usageFailure(`${this.name} does not run (${this.stage})`, {
			node: this.name,
			hint: this.stage === 'ended' ? '`rehearse restart` starts it, `rehearse reset` puts the whole lab back' : undefined,
		});
	}

	/** Connects to a port: at the lab address, or at the uplink's where nobody listens there. */
	async dial(port: number, signal: AbortSignal): Promise<Duplex> {
		const hosts = [this.#alias.replace(/\/.*/, ''), this.runSpec.address].filter((host) => host !== '');
		try {
			return await dial(hosts, port, signal);
		} catch (cause) {
			signal.throwIfAborted();
			throw brokenFailure('dial', `${this.name}:${port} does not answer: ${(cause as Error).message}`, { node: this.name, cause });
		}
	}

	/** A root shell over the line that needs no network. */
	async openShell(size: TerminalSize, terminal: string): Promise<Duplex> {
		const { controlChannel } = this.answering.agent;
		const { slowdown, signal } = this.#options;
		const stream = await connectUnix(this.runSpec.spec.shellSocket, patiently(shellSocketMs), signal);
		stream.on('error', () => undefined);
		try {
			const { ended, leave } = await controlChannel.beginShell(size, terminal, slowdown, signal);
			stream.once('close', leave);
			void ended.then(() => stream.destroy());
			return stream;
		} catch (error) {
			stream.destroy();
			throw error;
		}
	}

	/** The machine, where it answers. @throws Failure `usage` where none runs, or it is paused or halted */
	get answering(): RunningMachine {
		if (this.isHalted) throw usageFailure(`${this.name} is halted while somebody debugs the lab`, { node: this.name, hint: '`sh` of the debugger has it go on for a shell' });
		if (this.paused) throw usageFailure(`${this.name} is paused`, { node: this.name, hint: '`rehearse resume` continues it' });
		return this.machine;
	}

	/** Lets an SSH key in as a user, the declared one where none is named. */
	async authorize(user: string | undefined, publicKey: string, signal: AbortSignal): Promise<void> {
		const whom = user ?? this.runSpec.username;
		await this.answering.agent.controlChannel.authorize(whom, publicKey, this.#options.slowdown, signal);
		this.#authorized.set(`${whom} ${publicKey}`, { user: whom, publicKey });
	}

	/** Lets in every key that was let in before the machine was put back, but for users that it has no more: whoever logs in as such a user gets an error. */
	async authorizeAgain(): Promise<void> {
		for (const [entry, { user, publicKey }] of [...this.#authorized]) {
			try {
				await this.authorize(user, publicKey, this.#options.signal);
			} catch (error) {
				if (toFailure(error).code !== 'usage') throw error;
				this.#authorized.delete(entry);
			}
		}
	}

	/** Brings its link to the lab's wire into a state. */
	async setLink(link: LinkState): Promise<void> {
		await setLink(this.runSpec.spec.tap, link, this.#options.signal);
		this.link = link;
	}

	/** Freezes the machine, or has it go on. */
	async setPaused(paused: boolean): Promise<void> {
		const { machine } = this;
		await (paused ? machine.halt(this.#options.signal) : machine.proceed(this.#options.signal));
		// Its clock was stopped too.
		if (!paused) machine.guest.setClock();
		this.paused = paused;
	}

	/** Whether somebody has cut its link, by `rehearse link`. */
	get isUnplugged(): boolean {
		return this.link.state === 'down';
	}

	/** Whether that machine is the node's, and paused. */
	holdsStill(machine: RunningMachine): boolean {
		return this.paused && this.started?.machine === machine;
	}

	/** Ends the machine, as a power failure does: nothing is asked of the guest. Its link is as good as new then. */
	async end(): Promise<void> {
		// Also what is left of one that broke: its QEMU may still be there, with a kernel that panicked.
		await this.#last?.end();
		this.lose();
		if (this.link.state !== 'up') await this.setLink({ state: 'up' });
	}

	/** Has the guest shut down in order, if one runs that can, and ends what is left of it. */
	async shutDown(deadlineMs: number): Promise<void> {
		const { signal } = this.#options;
		if (this.paused) await this.setPaused(false);
		// One that does not, for whatever reason, is switched off.
		await this.started?.machine.shutDown({ deadlineMs, signal }).catch(() => signal.throwIfAborted());
		await this.end();
	}

	/** Passes on the events of the node, and follows them. */
	observing(emit: Emit): Emit {
		return (event) => {
			this.#observe(event);
			emit(event);
		};
	}

	#observe(event: RunEventBody): void {
		if (event.type === 'machine-ended' && event.node === this.name) this.gone = event;
		if (event.type === 'stage-started' && event.node === this.name) {
			if (event.stage === 'restore' || event.stage === 'boot') this.#beginAnew(event.stage);
			if (event.stage === 'restore') this.stage = 'restoring';
			if (event.stage === 'boot' || event.stage === 'reboot') this.stage = 'booting';
			if (event.stage === 'startup') this.stage = 'starting';
		}
		if (event.type === 'script-started' && event.node === this.name) this.stage = 'starting';
		if (event.type === 'script-finished' && event.node === this.name) {
			const { type: _type, ...outcome } = event;
			this.#outcomes.set(event.script, withoutTrace(outcome));
			this.cuts = [...this.cuts.filter(({ script }) => script !== event.script), ...cutOffsIn(event.script, outcome.trace)];
			const place = shutdownInTrace(outcome.trace);
			if (place) this.suspect = { script: event.script, ...place };
		}
		if (event.type === 'stage-finished' && event.node === this.name && event.status !== 'error') {
			if (event.stage === 'restore' || event.stage === 'boot') this.stage = 'provisioned';
			if (event.stage === 'startup') this.settle(event.status);
			// Startup scripts run at the first boot only: theirs is what it was.
			if (event.stage === 'reboot') this.settle(this.startup ?? 'passed');
		}
	}

	/** Its next machine is another, with a disk of its own: what was done to the one before is not in it. */
	#beginAnew(how: 'restore' | 'boot'): void {
		this.#outcomes.clear();
		this.startup = undefined;
		this.wasVisited = false;
		// A machine that is restored behind its scripts is as they have left it.
		if (how === 'restore' && wasStarted(this.runSpec)) return;
		this.cuts = [];
		this.suspect = undefined;
	}

	/** Its startup scripts are over, in this run or in the one that its checkpoint was made in. */
	settle(startup: Status): void {
		this.startup = startup;
		if (!this.started) return;
		this.stage = startup === 'passed' ? 'started' : 'startup failed';
	}

	/** Everything about it at this moment. */
	async status(): Promise<NodeStatus> {
		const { runSpec, started, startup } = this;
		const failedScripts = this.outcomes.filter(({ status }) => status !== 'passed').map(({ script }) => script);
		const occupied = started && (await occupiedMemory(started.machine));
		return {
			name: this.name,
			stage: this.stage,
			paused: this.paused,
			...(this.#startedAt === undefined ? {} : { uptimeMs: Math.round(performance.now() - this.#startedAt) }),
			uplinkAddress: runSpec.address,
			alias: this.#alias,
			...(occupied === undefined ? {} : { residentMiB: Math.round(occupied / 2 ** 20) }),
			memoryMiB: runSpec.spec.memoryMiB,
			...(startup === undefined ? {} : { startup }),
			...(failedScripts.length > 0 ? { failedScripts } : {}),
			link: this.link,
		};
	}
}
