/**
 * Decides which machines of a run are restored instead of booted. It decides before anything starts, by the existing
 * checkpoints, by what the machines depend on now, and by the person's options.
 */
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { changesBetween, checkpointKey, describeChanges } from '../checkpoint/fingerprint.js';
import { listManifests, newestOf, sweep } from '../checkpoint/inventory.js';
import { leaseCheckpoint, removeUnleased, withdrawCheckpoint } from '../checkpoint/lease.js';
import { manifestSchema, type Fingerprint, type Manifest } from '../checkpoint/manifest.js';
import { beginCheckpoint, findCheckpoint, readCheckpoint, verifyFound, type Checkpoint } from '../checkpoint/store.js';
import type { CheckpointKind, Emit } from '../lab/events.js';
import { restored } from '../protocol/restored.js';
import type { SaveRequest, MachineRunSpec } from '../protocol/run-spec.js';
import { provisionedFingerprint, startedFingerprint, wereModified, type NodeInputs } from './node-fingerprint.js';
import { nicenessOf, startupTimes, timesAhead } from './priorities.js';

/** The person's options. */
export interface CheckpointOptions {
	/** Whether the run neither uses nor makes checkpoints. */
	readonly cold: boolean;
	/** Nodes to restore as their startup scripts left them. */
	readonly started: readonly string[];
	/**
	 * Nodes of a running lab whose machines continue. Nobody knows what people have done to them, so no other lab may use a
	 * checkpoint of them.
	 */
	readonly goingOn?: readonly string[];
}

export interface CheckpointContext {
	/** The checkpoint store. */
	readonly directory: string;
	readonly emit: Emit;
	readonly cleanup: CleanupStack;
	readonly signal: AbortSignal;
	/** The process that leases the checkpoints and writes new ones. */
	readonly pid: number;
	/** The names of all nodes of the plan, where the lab has only some of them. */
	readonly planNodes?: readonly string[] | undefined;
}

/** The machines, each with how it starts and which checkpoint is made of it. */
export interface CheckpointPlan {
	readonly machines: readonly MachineRunSpec[];
	readonly saveStarted?: SaveRequest;
	/** The key of the started lab's checkpoint, whether that exists or not; absent on a cold run. */
	readonly startedKey?: string;
}

interface Candidate {
	readonly node: string;
	readonly runSpec: MachineRunSpec;
	readonly provisioned: Fingerprint;
	readonly started: Fingerprint;
}

const provisionedKey = ({ node, provisioned: fingerprint }: Candidate): string => checkpointKey('provisioned', [{ node, fingerprint }]);

/** Decides for every machine of a lab how it starts. It removes damaged checkpoints, and reports them. */
export async function planCheckpoints(
	lab: string,
	inputs: readonly NodeInputs[],
	request: CheckpointOptions,
	context: CheckpointContext,
): Promise<CheckpointPlan> {
	const planner = await openPlanner(lab, inputs.map(({ machine }) => machine.node.name), request, context);
	const machines = await planner.plan(inputs);
	return { machines, ...(await planner.finish()) };
}

/** Decides for machines how they start that become known one after another. */
export interface CheckpointPlanner {
	/**
	 * Decides for some machines. Whoever wants nodes as their startup scripts left them (`started`) has to give all machines
	 * at once: a checkpoint must have all that are wanted.
	 */
	plan(inputs: readonly NodeInputs[]): Promise<readonly MachineRunSpec[]>;
	/** What concerns the whole lab, once each of its machines was given. */
	finish(): Promise<Omit<CheckpointPlan, 'machines'>>;
}

/** Begins to plan for the nodes of a lab. It removes damaged checkpoints, and reports them. */
export async function openPlanner(
	lab: string,
	nodes: readonly string[],
	request: CheckpointOptions,
	context: CheckpointContext,
): Promise<CheckpointPlanner> {
	if (request.cold) {
		return {
			plan: (inputs) => Promise.resolve(inputs.map(({ machine }) => machine.runSpec)),
			finish: () => Promise.resolve({}),
		};
	}
	await sweep(context.directory);
	return new Planner(lab, nodes, request, await listManifests(context.directory), context);
}

class Planner implements CheckpointPlanner {
	readonly #lab: string;
	readonly #nodes: readonly string[];
	readonly #options: CheckpointOptions;
	readonly #known: readonly Manifest[];
	readonly #context: CheckpointContext;
	readonly #candidates = new Map<string, Candidate>();
	#started: Checkpoint | undefined;

	constructor(lab: string, nodes: readonly string[], options: CheckpointOptions, known: readonly Manifest[], context: CheckpointContext) {
		this.#lab = lab;
		this.#nodes = nodes;
		this.#options = options;
		this.#known = known;
		this.#context = context;
	}

	async plan(inputs: readonly NodeInputs[]): Promise<readonly MachineRunSpec[]> {
		const candidates = inputs.map((input): Candidate => {
			const provisioned = provisionedFingerprint(input);
			const { node, runSpec } = input.machine;
			const goesOn = this.#options.goingOn?.includes(node.name) ?? false;
			return { node: node.name, runSpec, provisioned, started: startedFingerprint(provisioned, input, goesOn) };
		});
		for (const candidate of candidates) this.#candidates.set(candidate.node, candidate);
		const wanted = this.#options.started;
		const started = wanted.length === 0 ? undefined : await this.#findStarted(wanted);
		this.#started = started;
		const times = timesAhead(startupTimes(this.#known, this.#lab, this.#nodes), started ? wanted : []);
		return Promise.all(
			candidates.map(async (candidate) => ({
				...(started && wanted.includes(candidate.node)
					? restored(candidate.runSpec, started, candidate.node)
					: await this.#provisioned(candidate)),
				provisionedKey: provisionedKey(candidate),
				niceness: nicenessOf(candidate.node, times),
			})),
		);
	}

	async finish(): Promise<Omit<CheckpointPlan, 'machines'>> {
		const candidates = this.#inOrder().map(({ node, started: fingerprint }) => ({ node, fingerprint }));
		const started = this.#started;
		const isWhole = started !== undefined && this.#options.started.length === candidates.length;
		const startedKey = isWhole ? started.manifest.key : checkpointKey('started', candidates);
		return { startedKey, ...(started ? {} : await this.#saveStarted(startedKey, candidates)) };
	}

	/** The machines that are known, in the order of the lab's nodes. */
	#inOrder(): readonly Candidate[] {
		return this.#nodes.flatMap((node) => this.#candidates.get(node) ?? []);
	}

	/** Finds the newest checkpoint of the started lab in which the wanted nodes have their current fingerprints. */
	async #findStarted(wanted: readonly string[]): Promise<Checkpoint | undefined> {
		const started = this.#known.filter(({ kind, machines }) => kind === 'started' && !wereModified(machines));
		const newestFirst = started.toSorted((one, other) => other.savedAt - one.savedAt);
		// Of whatever lab: a plan may have been copied or renamed, and what the machines are made of decides.
		for (const manifest of newestFirst) {
			if (this.#changedSince(manifest, wanted).length > 0) continue;
			const found = await this.#find(manifest.key, 'the started lab', wanted);
			if (found) return found;
		}
		const newest = newestFirst.find(({ lab }) => lab === this.#lab);
		const why = newest ? this.#changedSince(newest, wanted).join('; ') || 'its checkpoint was damaged' : 'there is none yet';
		this.#context.emit({ type: 'notice', message: `no checkpoint of the started lab can be used, so every startup script runs: ${why}` });
		return undefined;
	}

	/**
	 * A sentence for each wanted node that differs from a started checkpoint, and for each machine in it that the plan does
	 * not have: the others were started beside that one, and know of it.
	 */
	#changedSince({ machines }: Manifest, wanted: readonly string[]): string[] {
		const planNodes = this.#context.planNodes ?? this.#nodes;
		const further = machines.filter(({ node }) => !planNodes.includes(node)).map(({ node }) => `${node} is in it, and not in the plan`);
		const changed = this.#inOrder()
			.filter(({ node }) => wanted.includes(node))
			.flatMap(({ node, started }) => {
				const saved = machines.find((machine) => machine.node === node);
				if (!saved) return [`${node} is not in it`];
				const changes = changesBetween(saved.fingerprint, started);
				return changes.length > 0 ? [`${node}: ${describeChanges(changes)}`] : [];
			});
		return [...further, ...changed];
	}

	async #provisioned(candidate: Candidate): Promise<MachineRunSpec> {
		const { node, runSpec, provisioned } = candidate;
		const key = provisionedKey(candidate);
		const save = await this.#request('provisioned', key, [{ node, fingerprint: provisioned }]);
		const found = await this.#find(key, node);
		const saved = save ? { save } : {};
		if (found) return { ...restored(runSpec, found, node), ...saved };
		return { ...runSpec, origin: { from: 'power-on', why: this.#whyNone(node, provisioned) }, ...saved };
	}

	#whyNone(node: string, fingerprint: Fingerprint): string {
		const newest = newestOf(this.#known, { lab: this.#lab, node, kind: 'provisioned' });
		const saved = newest?.machines.find((machine) => machine.node === node);
		const changes = saved ? changesBetween(saved.fingerprint, fingerprint) : [];
		if (!saved) return 'no checkpoint yet';
		return changes.length > 0 ? describeChanges(changes) : 'its checkpoint was damaged';
	}

	async #saveStarted(key: string, machines: SaveRequest['machines']): Promise<{ readonly saveStarted?: SaveRequest }> {
		const found = await readCheckpoint(path.join(this.#context.directory, key));
		if (found && 'checkpoint' in found) return {};
		const request = await this.#request('started', key, machines);
		return request ? { saveStarted: request } : {};
	}

	/**
	 * Begins a checkpoint. Resolves to undefined where the store cannot be written to: the run continues, and the next one
	 * boots again.
	 */
	async #request(kind: CheckpointKind, key: string, machines: SaveRequest['machines']): Promise<SaveRequest | undefined> {
		const { directory, cleanup, emit, pid } = this.#context;
		try {
			const staging = await beginCheckpoint(directory, key, pid, cleanup);
			return { staging, manifest: { schema: manifestSchema, key, kind, lab: this.#lab }, machines };
		} catch (error) {
			const whose = machines.map(({ node }) => node).join(', ');
			emit({ type: 'notice', message: `no checkpoint of ${whose} can be made: ${(error as Error).message}` });
			return undefined;
		}
	}

	/** Finds, leases and verifies a checkpoint. */
	async #find(key: string, whose: string, nodes?: readonly string[]): Promise<Checkpoint | undefined> {
		const { directory, cleanup, signal, emit, pid } = this.#context;
		const checkpointDirectory = path.join(directory, key);
		const found = await findCheckpoint(directory, key);
		if (!found) return undefined;
		const isLeased = await leaseCheckpoint(checkpointDirectory, pid, cleanup);
		if ('checkpoint' in found && !isLeased) return undefined;
		const verified = await verifyFound(found, { nodes, signal });
		if ('checkpoint' in verified) return verified.checkpoint;
		// Without a lease, another process may have renamed its manifest for a moment: a leased checkpoint is kept then.
		if (isLeased) await withdrawCheckpoint(checkpointDirectory);
		else if (!(await removeUnleased(checkpointDirectory))) return undefined;
		emit({ type: 'notice', message: `the checkpoint of ${whose} is damaged and was removed: ${verified.damaged}` });
		return undefined;
	}
}
