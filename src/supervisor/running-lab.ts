/**
 * A lab that runs inside its namespaces: its nodes, and what can be asked of them. Made before the first machine is
 * started; from `stand` on, a machine that ends is a node that ended, and not the end of the lab.
 */
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, toFailure, usageFailure } from '../base/errors.js';
import { Semaphore } from '../base/semaphore.js';
import { wasExported, wasStarted, type Emit } from '../lab/events.js';
import { stage } from '../lab/stage.js';
import type { GuestCommands } from '../machine/command-channel.js';
import { guestRebooted } from '../machine/machine.js';
import type { NodeStatus } from '../protocol/requests.js';
import { restored } from '../protocol/restored.js';
import type { ExportRequest, Replacement, ScenarioRequest, RunSpec } from '../protocol/run-spec.js';
import type { SavedLab } from '../saved-lab/saved-lab.js';
import { runScenario } from '../scenario/run.js';
import { bootAgain, type StartedMachine } from './start-machine.js';
import { bringUpNodes, type BringUpHooks } from './bring-up.js';
import { serveDebugger } from './debugging/serve.js';
import type { NodeOutcome } from './node-run.js';
import { RunningNode } from './running-node.js';
import { saveForExport } from './save-lab.js';
import { Saver } from './saver.js';
import { LoginChecks } from './logins.js';
import { findStartedLab, withStartupTimes } from './started-lab.js';

export interface RunningLabContext {
	readonly emit: Emit;
	/** Ends every wait. */
	readonly signal: AbortSignal;
	/** For whatever finds that the rehearsal broke; nothing is found that way once the lab is ready. */
	readonly breaking: AbortController;
	readonly cleanup: CleanupStack;
}

/** How long a guest may take to shut down in order, in times of what it may take to wake: a hung one never does. */
const shutDownWakes = 2;

/** A lab's nodes, what they do by themselves, and what they are made to do. */
export class RunningLab {
	#runSpec: RunSpec;
	readonly #context: RunningLabContext;
	readonly #nodes: readonly RunningNode[];
	readonly #saver: Saver;
	/** What changes the lab is done one after another. */
	readonly #semaphore = new Semaphore(1);
	readonly #logins: LoginChecks;
	#isReady = false;
	#isJudged = false;
	#debugged: string | undefined;

	constructor(runSpec: RunSpec, context: RunningLabContext) {
		this.#runSpec = runSpec;
		this.#context = context;
		const aliases = new Map(runSpec.lab.nodes.map(({ name, alias }) => [name, alias]));
		this.#nodes = runSpec.machines.map(
			(machine) => new RunningNode(machine, { alias: aliases.get(machine.spec.name) ?? '', slowdown: runSpec.slowdown, signal: context.signal }),
		);
		this.#saver = new Saver({ ...runSpec, signal: context.signal, isPaused: (machine) => this.#nodes.some((node) => node.holdsStill(machine)) }, context.emit);
		this.#logins = new LoginChecks(runSpec, {
			...context,
			guests: (node) => this.commandsOf(node),
			wasStarted: (name) => this.find(name).started?.isRestored === true && wasStarted(this.find(name).runSpec),
		});
	}

	/** What it was made from. */
	get runSpec(): RunSpec {
		return this.#runSpec;
	}

	/** The directories in the store that its machines have disks or memory from, and the one that it goes back to. */
	get checkpointsInUse(): readonly string[] {
		const { checkpoints, startedKey = '' } = this.#runSpec;
		const files = this.#nodes.flatMap(({ last: { layers, machine } }) => [...layers, machine.memory.file]);
		const directories = new Set([...files.map((file) => path.dirname(file)), path.join(checkpoints, startedKey)]);
		return [...directories].filter((directory) => path.dirname(directory) === checkpoints);
	}

	/** Whether all of it is there, and stays until it is ended. */
	get isReady(): boolean {
		return this.#isReady;
	}

	/** Restores or boots every node and runs the startup scripts, side by side. The first that breaks ends the others. */
	async bringUp(): Promise<readonly NodeOutcome[]> {
		const { signal, emit, breaking } = this.#context;
		const settled = await this.#bringUp(this.#nodes, emit, {
			// That of the last one is made beside the scenario.
			onUp: (node) => void (this.#nodes.every(({ startup }) => startup) || this.#logins.beginEarly(node)),
			onBroken: (error) => breaking.abort(error),
		});
		signal.throwIfAborted();
		const outcomes = settled.flatMap((life) => (life.status === 'fulfilled' ? [life.value] : []));
		for (const { started } of outcomes) this.#endWith(started);
		return outcomes;
	}

	/** Saves all machines at one moment, where that was requested and all are healthy. */
	async saveStarted(nodes: readonly NodeOutcome[]): Promise<void> {
		// A machine with a failed unit would not pass the health check when it is restored.
		const request = nodes.every(({ startup, isHealthy }) => startup === 'passed' && isHealthy) && this.#runSpec.saveStarted;
		if (!request) return;
		const times = new Map(nodes.map(({ started, startupCpuMs }) => [started.machine.name, startupCpuMs]));
		await this.#logins.settle();
		await this.#saver.saveLab(nodes.map(({ started }) => started), withStartupTimes(request, times));
	}

	/** Resolves when no checkpoint is being written any more. */
	async finishSaving(): Promise<void> {
		await this.#saver.finish();
		await this.#logins.keep();
	}

	/** Runs the scenario, or some of its tests. Resolves to whether every assertion passed. */
	async runScenario(emit: Emit, request?: ScenarioRequest): Promise<boolean> {
		const { lab, deadlines, slowdown } = this.#runSpec;
		const wanted = (name: string) => !request || request.tests.length === 0 || request.tests.includes(name);
		const outcomes = await runScenario({
			scenarios: lab.scenarios.map((scenario) => ({ ...scenario, tests: scenario.tests.filter(({ name }) => wanted(name)) })),
			guests: (node) => this.commandsOf(node),
			emit,
			deadlineMs: request?.deadlineMs ?? deadlines.assertionMs,
			slowdown,
			signal: request ? AbortSignal.any([this.#context.signal, request.signal]) : this.#context.signal,
		});
		return outcomes.every(({ status }) => status === 'passed');
	}

	/** From now on the lab is there to be worked with. */
	markReady(): void {
		this.#isReady = true;
	}

	/** @throws Failure `usage` while the lab is still being brought up, or paused for a debugger */
	requireReady(): void {
		if (this.#debugged !== undefined) {
			throw usageFailure(`${this.#debugged} is being debugged`, { hint: '`quit` of the debugger has the lab go on' });
		}
		if (this.#isReady) return;
		throw usageFailure('the lab is still coming up', { hint: '`rehearse status` says how far it is' });
	}

	/** Every node at this moment. */
	status(): Promise<readonly NodeStatus[]> {
		return Promise.all(this.#nodes.map((node) => node.status()));
	}

	/** A node by name. @throws Failure `usage` for one that the lab does not have */
	find(name: string): RunningNode {
		const node = this.#nodes.find((candidate) => candidate.name === name);
		if (node) return node;
		const names = this.#nodes.map((candidate) => candidate.name).join(', ');
		throw usageFailure(`the lab has no node '${name}'`, { hint: `its nodes are ${names}` });
	}

	/** Does something that changes a node, when nothing else is being changed. */
	async change(name: string, body: (node: RunningNode) => Promise<void>): Promise<void> {
		const node = this.find(name);
		if (this.#debugged !== undefined) this.requireReady();
		return this.#semaphore.take(() => body(node));
	}

	/** Restarts a node from its own disk: in order where it runs, and as after a power failure where it does not. */
	restart(name: string, emit: Emit): Promise<void> {
		return this.change(name, async (node) => {
			const { signal, cleanup } = this.#context;
			const { deadlines } = this.#runSpec;
			const last = node.last;
			await node.shutDown(shutDownWakes * deadlines.wakeMs);
			const context = { lab: this.#runSpec, emit, signal, cleanup, onStart: (started: StartedMachine) => this.#begin(node, started) };
			await stage(node.observing(emit), 'reboot', () => bootAgain(last, node.runSpec, context), undefined, name);
		});
	}

	/** Puts the whole lab back to where its startup scripts had left it. @throws Failure `usage` where no checkpoint is of that */
	reset(emit: Emit): Promise<void> {
		return this.#semaphore.take(async () => {
			await this.#saver.finish();
			const checkpoint = await findStartedLab(this.#runSpec);
			await Promise.all(this.#nodes.map((node) => node.end()));
			for (const node of this.#nodes) node.runSpec = restored(node.runSpec, checkpoint, node.name);
			await this.#bringBack(this.#nodes, emit);
			const failed = this.#nodes.filter(({ runSpec, startup }) => startup !== 'passed' && !wasExported(runSpec)).map((node) => node.name);
			if (failed.length > 0) throw brokenFailure('reset', `could not be put back, and their startup scripts failed: ${failed.join(', ')}`);
		});
	}

	/** Saves all machines that live as they are, to be exported. Resolves to what was saved, when the checkpoint is there. */
	saveForExport(request: ExportRequest): Promise<SavedLab> {
		// A run has its verdict by now: a machine that breaks over this costs it nothing.
		this.#isJudged = true;
		return this.#semaphore.take(async () => {
			return saveForExport(this.#runSpec, this.#nodes, request, { ...this.#runSpec, signal: this.#context.signal });
		});
	}

	/** Makes nodes anew, of other recipes or scripts, while the others go on; the lab is another from then on. */
	replace({ machines, ...lab }: Replacement, emit: Emit): Promise<void> {
		return this.#semaphore.take(async () => {
			const replaced = this.#nodes.filter(({ name }) => machines.some(({ spec }) => spec.name === name));
			const all = this.#runSpec.machines.map((before) => machines.find(({ spec }) => spec.name === before.spec.name) ?? before);
			// A key of the checkpoint of the lab that was must not be taken for one of the lab that is.
			const { startedKey: _was, saveStarted: _then, ...rest } = this.#runSpec;
			this.#runSpec = { ...rest, ...lab, machines: all };
			await Promise.all(replaced.map((node) => node.end()));
			for (const node of replaced) {
				const machine = machines.find(({ spec }) => spec.name === node.name);
				const { alias } = lab.lab.nodes.find(({ name }) => name === node.name) ?? {};
				if (machine) node.replace(machine, alias ?? '');
			}
			await this.#bringBack(replaced, emit);
			if (this.#nodes.every(({ startup }) => startup === 'passed')) {
				const live = this.#nodes.flatMap(({ started }) => started ?? []);
				if (live.length === this.#nodes.length) await this.#saver.saveLab(live, lab.saveStarted);
			}
			// Whoever gave the orders to save waits for this, and cleans up after them.
			await this.#saver.finish();
		});
	}

	/** Has somebody step through a node's startup scripts, over a stream. Nothing else changes the lab meanwhile. */
	debug(name: string, script: string | undefined, stream: Duplex): Promise<void> {
		return this.change(name, async (node) => {
			const { signal, cleanup } = this.#context;
			this.#debugged = name;
			const onStart = (started: StartedMachine) => this.#begin(node, started);
			try {
				await serveDebugger({ runSpec: this.#runSpec, nodes: this.#nodes, saver: this.#saver, signal, cleanup, onStart }, node, script, stream);
			} finally {
				this.#debugged = undefined;
			}
		});
	}

	async #bringBack(nodes: readonly RunningNode[], emit: Emit): Promise<void> {
		const lives = await this.#bringUp(nodes, emit, {});
		const broken = lives.find((life) => life.status === 'rejected');
		if (broken) throw broken.reason;
		// Keys went with the disks that they had been let in on.
		await Promise.all(nodes.map((node) => node.authorizeAgain()));
	}

	/** Looks whether people get in by SSH; what comes of it is told. */
	checkLogins(): Promise<void> {
		return this.#logins.finish();
	}

	/** What runs commands in a node's machine. @throws Failure `usage` where none runs, or it stands still */
	commandsOf(name: string): GuestCommands {
		const node = this.find(name);
		if (node.paused) throw usageFailure(`${name} stands still`, { node: name, hint: '`rehearse resume` has it go on' });
		return node.machine.commands;
	}

	#bringUp(nodes: readonly RunningNode[], emit: Emit, hooks: Omit<BringUpHooks, 'onStart'>): Promise<PromiseSettledResult<NodeOutcome>[]> {
		const context = { ...this.#context, lab: this.#runSpec, emit, saver: this.#saver };
		return bringUpNodes(nodes, context, { ...hooks, onStart: (node, started) => this.#begin(node, started) });
	}

	/** Takes a machine that was started anew for a node. */
	begin(name: string, started: StartedMachine): void {
		this.#begin(this.find(name), started);
		this.#endWith(started);
	}

	/** A machine that breaks during the scenario ends that too. */
	#endWith({ machine }: StartedMachine): void {
		machine.broken.catch((error: unknown) => void (this.#isReady || this.#isJudged || this.#context.breaking.abort(error)));
	}

	/** Takes a machine that was started for a node. Its end is news where nobody waits for the machine. */
	#begin(node: RunningNode, started: StartedMachine): void {
		node.begin(started);
		started.machine.broken.catch((error: unknown) => {
			const { code, message } = toFailure(error);
			if (this.#isReady) this.#context.emit({ type: 'notice', node: node.name, message });
			if (node.started !== started) return;
			if (this.#isReady && code === guestRebooted) void this.#followReboot(node);
			else this.#lose(node);
		});
	}

	/** Starts a machine again that has rebooted. Nobody waits for that, so what keeps it from coming back is told. */
	async #followReboot(node: RunningNode): Promise<void> {
		await this.restart(node.name, this.#context.emit).catch((error: unknown) => {
			this.#context.emit({ type: 'notice', node: node.name, message: `it rebooted and is not back: ${toFailure(error).message}` });
			this.#lose(node);
		});
	}

	/** A kernel that panicked leaves its QEMU behind, with the node's link, and so does one that does not boot. */
	#lose(node: RunningNode): void {
		if (this.#isReady) void node.started?.end();
		node.lose();
	}
}
