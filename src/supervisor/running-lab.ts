/**
 * A lab that runs inside its namespaces: its nodes, and what can be asked of them. Made before the first machine is
 * started; from `markReady` on, a machine that ends is a node that ended, and not the end of the lab.
 */
import { toFailure, usageFailure } from '../base/errors.js';
import { withEither } from '../base/waiting.js';
import { wasStarted, type Emit } from '../lab/events.js';
import type { GuestCommands } from '../machine/command-channel.js';
import { isGuestsDoing, isNewBeginning } from '../machine/running-machine.js';
import type { NodeStatus } from '../protocol/requests.js';
import { withReplacement, type ExportRequest, type LateMachines, type RunSpec, type ScenarioRequest } from '../protocol/run-spec.js';
import type { SavedLab } from '../saved-lab/saved-lab.js';
import { runScenario } from '../scenario/run.js';
import { bringUpNodes, type BringUpHooks } from './bring-up.js';
import { LabChanges, type ChangeableLab, type RunningLabContext } from './lab-changes.js';
import { LoginChecks } from './logins.js';
import { OutOfReach } from './out-of-reach.js';
import { RunningNode } from './running-node.js';
import { Saver } from './saver.js';
import { checkpointsUsed } from './saving.js';
import { machineEnd, type NodeOutcome } from './startup.js';
import type { StartedMachine } from './start-machine.js';
import { withStartupTimes } from './started-lab.js';

/** A lab's nodes, what they do by themselves, and what they are made to do. */
export class RunningLab {
	#runSpec: RunSpec;
	readonly #context: RunningLabContext;
	readonly #nodes: readonly RunningNode[];
	readonly #saver: Saver;
	/** What people have done to the lab, one after another. */
	readonly changes: LabChanges;
	readonly #logins: LoginChecks;
	#isReady = false;
	#isJudged = false;

	constructor(runSpec: RunSpec, context: RunningLabContext) {
		this.#runSpec = runSpec;
		this.#context = context;
		const aliases = new Map(runSpec.lab.nodes.map(({ name, alias }) => [name, alias]));
		this.#nodes = runSpec.machines.map(
			(machine) => new RunningNode(machine, { alias: aliases.get(machine.spec.name) ?? '', slowdown: runSpec.slowdown, signal: context.signal }),
		);
		this.#saver = new Saver({ ...runSpec, signal: context.signal, isPaused: (machine) => this.#nodes.some((node) => node.holdsStill(machine)) }, context.emit);
		this.changes = new LabChanges(this.#changeable());
		this.#logins = new LoginChecks(() => this.#runSpec, {
			...context,
			guests: (node) => this.commandsOf(node),
			hostKey: (node) => this.find(node).started?.machine.guest.hostKey,
			isThere: (node) => this.find(node).started !== undefined,
			wasTouched: (node) => this.find(node).wasVisited || this.find(node).wasUnplugged,
			wasStarted: (name) => this.find(name).started?.isRestored === true && wasStarted(this.find(name).runSpec),
		});
	}

	/** What it was made from. */
	get runSpec(): RunSpec {
		return this.#runSpec;
	}

	/** The directories in the store that its machines have disks or memory from, and the one that it goes back to. */
	get checkpointsInUse(): readonly string[] {
		return checkpointsUsed(this.#runSpec, this.#nodes.map(({ last }) => last));
	}

	/** Whether all of it is ready, and kept running until somebody ends it. */
	get isReady(): boolean {
		return this.#isReady;
	}

	/** Restores or boots every node and runs the startup scripts, side by side. The first that breaks ends the others. */
	async bringUp(): Promise<readonly NodeOutcome[]> {
		const { signal, emit, breaking } = this.#context;
		const settled = await this.#bringUp(this.#nodes, emit, {
			onUp: (node, { started, hasEnded }) => {
				// At once: others may be waiting for their images.
				if (!hasEnded) this.#endWith(started);
				// That of the last one is made beside the scenario.
				if (!this.#nodes.every(({ startup }) => startup)) this.#logins.beginEarly(node);
			},
			onBroken: (error) => breaking.abort(error),
		});
		signal.throwIfAborted();
		return settled.flatMap((life) => (life.status === 'fulfilled' ? [life.value] : []));
	}

	/** Takes what has become known of machines that were pending. */
	complete({ machines, ...ofTheLab }: LateMachines): void {
		this.#runSpec = withReplacement(this.#runSpec, { lab: this.#runSpec.lab, machines, ...ofTheLab });
		for (const machine of machines) this.find(machine.spec.name).complete(machine);
	}

	/** Saves all machines at one moment, where that was requested and all are healthy. */
	async saveStarted(nodes: readonly NodeOutcome[]): Promise<void> {
		// A machine with a failed unit would not pass the health check when it is restored.
		const request = nodes.every(({ startup, isHealthy }) => startup === 'passed' && isHealthy) && this.#runSpec.saveStarted;
		if (!request) return;
		const touched = [
			{ what: 'was in', nodes: this.#nodes.filter(({ wasVisited }) => wasVisited) },
			{ what: 'has changed the link of', nodes: this.#nodes.filter(({ wasUnplugged }) => wasUnplugged) },
		].find(({ nodes: some }) => some.length > 0);
		if (touched) {
			const names = touched.nodes.map(({ name }) => name).join(', ');
			this.#context.emit({ type: 'notice', message: `the started lab is not saved for other runs: somebody ${touched.what} ${names} while it came up` });
			return;
		}
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
		const wanted = (name: string) => !request?.tests.length || request.tests.includes(name);
		const scenarios = lab.scenarios.map((scenario) => ({ ...scenario, tests: scenario.tests.filter(({ name }) => wanted(name)) }));
		const deadlineMs = request?.deadlineMs ?? deadlines.assertionMs;
		const guests = (node: string) => this.commandsOf(node);
		const outcomes = await withEither([this.#context.signal, request?.signal], (signal) => {
			const reach = new OutOfReach({ nodes: lab.nodes, find: (node) => this.find(node), guests, timeoutMs: deadlines.assertionMs, signal });
			return runScenario({ scenarios, guests, emit, explain: (assertion) => reach.explain(assertion), deadlineMs, slowdown, signal, ignoresPlanTimes: request !== undefined });
		});
		return outcomes.every(({ status }) => status === 'passed');
	}

	/** From now on the lab is there to be worked with. */
	markReady(): void {
		this.#isReady = true;
	}

	/** Every node at this moment. */
	status(): Promise<readonly NodeStatus[]> {
		return Promise.all(this.#nodes.map((node) => node.status()));
	}

	/** A node by name. @throws Failure `usage` for one that the lab does not have */
	find(name: string): RunningNode {
		const node = this.#nodes.find((candidate) => candidate.name === name);
		if (node) return node;
		throw usageFailure(`the lab has no node '${name}'`, { hint: `its nodes are ${this.#nodes.map((one) => one.name).join(', ')}` });
	}

	/** What changes need of the lab. */
	#changeable(): ChangeableLab {
		return {
			getRunSpec: () => this.#runSpec,
			setRunSpec: (runSpec) => void (this.#runSpec = runSpec),
			...{ nodes: this.#nodes, saver: this.#saver, context: this.#context },
			isReady: () => this.#isReady,
			find: (name) => this.find(name),
			begin: (node, started) => this.#begin(node, started),
			bringBack: (nodes, emit, untouched) => this.#bringBack(nodes, emit, untouched),
			lose: (node) => this.#lose(node),
		};
	}

	/** Saves all machines that live as they are, to be exported. Resolves to what was saved, when the checkpoint is there. */
	saveForExport(request: ExportRequest): Promise<SavedLab> {
		// A run has its verdict by now: a machine that breaks over this costs it nothing.
		this.#isJudged = true;
		return this.changes.saveForExport(request);
	}

	async #bringBack(nodes: readonly RunningNode[], emit: Emit, untouched?: () => Promise<void>): Promise<void> {
		const lives = await this.#bringUp(nodes, emit, {});
		const broken = lives.find((life) => life.status === 'rejected');
		if (broken) throw broken.reason;
		await untouched?.();
		// Keys went with the disks that they had been let in on.
		await Promise.all(nodes.map((node) => node.authorizeAgain()));
	}

	/** Checks whether people get in by SSH, and reports the outcome as events. */
	checkLogins(): Promise<void> {
		return this.#logins.finish();
	}

	/** Whether a login that the recipe promises was refused: a failure of the lab, as an assertion is. */
	get hasRefusedLogin(): boolean {
		return this.#logins.hasRefused;
	}

	/** What runs commands in a node's machine. @throws Failure `usage` where none runs, or it is paused */
	commandsOf(name: string): GuestCommands {
		return this.find(name).answering.guest.commands;
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

	/** A machine that breaks during the scenario ends that too, unless something within has ended it: that is for the lab to answer for. */
	#endWith({ machine }: StartedMachine): void {
		machine.broken.catch((error: unknown) => {
			if (this.#isReady || this.#isJudged) return;
			const { code } = toFailure(error);
			if (!isGuestsDoing(code)) return this.#context.breaking.abort(error);
			const node = this.find(machine.name);
			node.observing(this.#context.emit)({ type: 'machine-ended', ...machineEnd(machine.name, code, node.suspect) });
		});
	}

	/** Whether a node's machine was ended by what runs in it: a failure of the lab. */
	get hasLostNode(): boolean {
		return this.#nodes.some(({ gone }) => gone !== undefined);
	}

	/** Takes a machine that was started for a node. Its end is news where nobody waits for the machine. */
	#begin(node: RunningNode, started: StartedMachine): void {
		node.begin(started);
		started.machine.broken.catch((error: unknown) => {
			const { code, message } = toFailure(error);
			if (this.#isReady) this.#context.emit({ type: 'notice', node: node.name, message });
			if (node.started !== started) return;
			if (this.#isReady && isNewBeginning(code)) void this.changes.followReboot(node, started);
			else this.#lose(node);
		});
	}

	/** A kernel that panicked leaves its QEMU behind, with the node's link, and so does one that does not boot. */
	#lose(node: RunningNode): void {
		if (this.#isReady) void node.started?.end();
		node.lose();
	}
}
