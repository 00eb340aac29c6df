import type { Semaphore } from '../base/semaphore.js';
import { untilAborted } from '../base/waiting.js';
import { withDependents } from '../lab/boot-order.js';
import { wasExported, wasStarted } from '../lab/events.js';
import type { Connection } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import { bootNode, restoreNode, scriptsOf, wakeNode, type StartContext, type StartedMachine } from './start-machine.js';
import type { Saver } from './saver.js';
import { ScriptReporter, whyUntraced } from './script-reporter.js';
import { startUp, type NodeOutcome } from './startup.js';
import type { Turns } from './turns.js';
import type { MachineSpec } from '../machine/spec.js';
import type { MachineRunSpec, RunSpec } from '../protocol/run-spec.js';

export interface NodeContext extends Omit<StartContext, 'onMessage'> {
	/** Opens when every machine is there that is not pending: those that were restored go on together. */
	readonly barrier: Barrier;
	readonly saver: Saver;
	/** More boots at once than the host has processors would only wait for each other. */
	readonly boots: Semaphore;
	/** In which restored machines wake, and startup scripts begin. */
	readonly turns: Turns;
	/** Machines that have run together, and are restored as they were then. */
	readonly together: Together;
	/** Resolves when all nodes that it connects to are provisioned: the time until then is not its startup scripts'. */
	readonly neededAreUp: Promise<unknown>;
	/** Whether somebody has been let into its machine, of which no other lab may have a copy then. */
	readonly wasVisited?: () => boolean;
	/** Called when it is provisioned itself. */
	readonly onReady: () => void;
}

/** Lets nobody through before all have come. */
export class Barrier {
	readonly opened: Promise<void>;
	readonly #missing: Set<string>;
	#open: () => void = () => undefined;

	constructor(nodes: readonly string[]) {
		this.#missing = new Set(nodes);
		this.opened = new Promise((resolve) => (this.#open = resolve));
		if (nodes.length === 0) this.#open();
	}

	/** A node is there, or will never be; a second report, as for one that came and then broke, does not count. */
	come(node: string): void {
		this.#missing.delete(node);
		if (this.#missing.size === 0) this.#open();
	}
}

/**
 * Machines that have run together. Where one of them does not come back as it was, those that use it know a machine that is
 * gone, and would be judged with another one: they are made anew as well.
 */
export class Together {
	readonly #all: Barrier;
	readonly #lost = new Set<string>();
	readonly #connections: readonly Connection[];

	/** @param nodes the names of those that are to be restored as they had run */
	constructor(nodes: readonly string[], connections: readonly Connection[]) {
		this.#all = new Barrier(nodes);
		this.#connections = connections;
	}

	/** A machine has come back as it was. */
	keep(node: string): void {
		this.#all.come(node);
	}

	/** A machine has not come back as it was. */
	lose(node: string): void {
		this.#lost.add(node);
		this.#all.come(node);
	}

	/** Resolves when it is known of all whether they have come back: to whether one that this node uses has not. */
	async hasLostWhatIsUsedBy(node: string): Promise<boolean> {
		await this.#all.opened;
		return withDependents(this.#lost, this.#connections).has(node);
	}
}

/** Restores or boots one node, and runs its startup scripts. Rejects when the machine broke. */
export async function bringUpNode(runSpec: MachineRunSpec, nodeContext: NodeContext): Promise<NodeOutcome> {
	const { name } = runSpec.spec;
	const { emit, lab, signal } = nodeContext;
	const scripts = new ScriptReporter(name, scriptsOf(name, lab), whyUntraced(lab.trace), emit);
	const context: StartContext = { ...nodeContext, onMessage: (message) => scripts.take(message) };
	const started = await startNode(runSpec, context, nodeContext);
	nodeContext.onReady();
	if (started.isRestored && wasStarted(runSpec)) {
		return { started, startup: 'passed', isHealthy: true };
	}
	if (started.isRestored && wasExported(runSpec)) {
		const { status, scripts: outcomes } = runSpec.startup ?? { status: 'error', scripts: [] };
		for (const outcome of outcomes) emit({ type: 'script-finished', ...outcome });
		return { started, startup: status, isHealthy: false };
	}
	const { broken } = started.machine;
	// On a live medium scripts have begun by themselves: what its end means is seen where they are waited for.
	await untilAborted(Promise.race([nodeContext.neededAreUp, runSpec.spec.live ? broken.catch(() => undefined) : broken]), signal);
	const run = () => startUp(started, runSpec, { ...context, scripts, saver: nodeContext.saver });
	const startup = () => stage(emit, 'startup', run, (outcome) => outcome.startup, name);
	return beginInTurns(runSpec, lab) ? nodeContext.turns.take(started.machine, startup, signal) : startup();
}

/**
 * Whether startup scripts begin when it is their machine's turn: not where pauses that were asked for say when, and not on a
 * live medium, where they begin by themselves: whoever waited for a turn would not know what the end of a machine that they
 * power off means.
 */
export const beginInTurns = ({ spec }: { readonly spec: Pick<MachineSpec, 'live'> }, { pace }: Pick<RunSpec, 'pace'>): boolean => !pace && !spec.live;

/** Restores or boots one node; its startup scripts are about to run then, or have run where it was restored so. */
export async function startNode(
	runSpec: MachineRunSpec,
	context: StartContext,
	{ barrier, saver, signal, boots, turns, together, wasVisited }: Pick<NodeContext, 'barrier' | 'saver' | 'signal' | 'boots' | 'turns' | 'together' | 'wasVisited'>,
): Promise<StartedMachine> {
	const { name } = runSpec.spec;
	const boot = async () => {
		const booted = await boots.take(() => bootNode(runSpec, context));
		if (!wasVisited?.()) await saver.saveNode(booted, runSpec.save);
		return booted;
	};
	const restored = await restoreNode(runSpec, context);
	if (!restored) together.lose(name);
	const started = restored ?? (await boot());
	barrier.come(name);
	if (!restored) return started;
	await untilAborted(Promise.race([barrier.opened, restored.machine.broken]), signal);
	const wake = () => wakeNode(restored, runSpec, context);
	if (!(await (wakeInTurns(runSpec, context.lab) ? turns.take(restored.machine, wake, signal) : wake()))) {
		together.lose(name);
		return boot();
	}
	together.keep(name);
	if (!wasStarted(runSpec) || !(await untilAborted(Promise.race([together.hasLostWhatIsUsedBy(name), restored.machine.broken]), signal))) return restored;
	await restored.end();
	context.emit({ type: 'notice', node: name, message: 'is booted as well: a node that it uses could not be restored as it was' });
	context.emit({ type: 'origin', node: name, origin: { from: 'power-on', why: 'a node that it uses could not be restored' } });
	return boot();
}

/**
 * Whether restored machines wake in turns. What has run already goes on together: its programs know each other. So do those
 * whose scripts begin after pauses, which all count from that moment.
 */
export const wakeInTurns = (machine: Pick<MachineRunSpec, 'origin'>, { pace }: Pick<RunSpec, 'pace'>): boolean => !pace && !wasStarted(machine) && !wasExported(machine);
