/**
 * Decides which machines of a run are restored instead of booted. It decides before anything starts, by the existing
 * checkpoints, by what the machines depend on now, and by the person's options.
 */
import { changesBetween, checkpointKey, describeChanges } from '../checkpoint/fingerprint.js';
import { listManifests, newestOf, sweep } from '../checkpoint/inventory.js';
import type { Fingerprint, Manifest } from '../checkpoint/manifest.js';
import type { Checkpoint } from '../checkpoint/store.js';
import { withDependents } from '../lab/boot-order.js';
import type { Connection } from '../lab/lab.js';
import { restored } from '../protocol/restored.js';
import type { MachineRunSpec, SaveRequest } from '../protocol/run-spec.js';
import { provisionedFingerprint, startedFingerprint, wereModified, type NodeInputs } from './node-fingerprint.js';
import { nicenessOf, startupTimes, timesAhead } from './priorities.js';
import { RunStore, type RunStoreContext } from './run-store.js';

/** The person's options. */
export interface CheckpointOptions {
	/** Whether the run neither uses nor makes checkpoints. */
	readonly cold: boolean;
	/**
	 * Nodes to restore as their startup scripts left them. `unchanged`: those in which nothing has changed since a checkpoint
	 * of the started lab, and that use no node in which something has.
	 */
	readonly started: readonly string[] | 'unchanged';
	/**
	 * Nodes of a running lab whose machines continue. Nobody knows what people have done to them, so no other lab may use a
	 * checkpoint of them.
	 */
	readonly goingOn?: readonly string[];
}

/** Whether any node is to be restored as its startup scripts left it. */
export const wantsStarted = ({ started }: Pick<CheckpointOptions, 'started'>): boolean => started === 'unchanged' || started.length > 0;

export interface CheckpointContext extends RunStoreContext {
	/** The names of all nodes of the plan, where the lab has only some of them. */
	readonly planNodes?: readonly string[] | undefined;
	/** By what nodes use each other. */
	readonly connections?: readonly Connection[] | undefined;
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

const notInIt = 'is not in it';

/** A checkpoint of the started lab, and the nodes that are restored from it. */
interface Started {
	readonly checkpoint: Checkpoint;
	readonly nodes: readonly string[];
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
	readonly #store: RunStore;
	readonly #candidates = new Map<string, Candidate>();
	#started: Started | undefined;

	constructor(lab: string, nodes: readonly string[], options: CheckpointOptions, known: readonly Manifest[], context: CheckpointContext) {
		this.#lab = lab;
		this.#nodes = nodes;
		this.#options = options;
		this.#known = known;
		this.#context = context;
		this.#store = new RunStore(lab, context);
	}

	async plan(inputs: readonly NodeInputs[]): Promise<readonly MachineRunSpec[]> {
		const candidates = inputs.map((input): Candidate => {
			const provisioned = provisionedFingerprint(input);
			const { node, runSpec } = input.machine;
			const goesOn = this.#options.goingOn?.includes(node.name) ?? false;
			return { node: node.name, runSpec, provisioned, started: startedFingerprint(provisioned, input, goesOn) };
		});
		for (const candidate of candidates) this.#candidates.set(candidate.node, candidate);
		const started = wantsStarted(this.#options) ? await this.#findStarted(this.#options.started) : undefined;
		this.#started = started;
		const times = timesAhead(startupTimes(this.#known, this.#lab, this.#nodes), started?.nodes ?? []);
		return Promise.all(
			candidates.map(async (candidate) => ({
				...(started?.nodes.includes(candidate.node)
					? restored(candidate.runSpec, started.checkpoint, candidate.node)
					: await this.#provisioned(candidate)),
				provisionedKey: provisionedKey(candidate),
				niceness: nicenessOf(candidate.node, times),
			})),
		);
	}

	async finish(): Promise<Omit<CheckpointPlan, 'machines'>> {
		const candidates = this.#inOrder().map(({ node, started: fingerprint }) => ({ node, fingerprint }));
		const started = this.#started;
		const isWhole = started !== undefined && started.nodes.length === candidates.length;
		const startedKey = isWhole ? started.checkpoint.manifest.key : checkpointKey('started', candidates);
		const saveStarted = started ? undefined : await this.#store.requestStarted(startedKey, candidates);
		return { startedKey, ...(saveStarted ? { saveStarted } : {}) };
	}

	/** The machines that are known, in the order of the lab's nodes. */
	#inOrder(): readonly Candidate[] {
		return this.#nodes.flatMap((node) => this.#candidates.get(node) ?? []);
	}

	/**
	 * Finds a checkpoint of the started lab for the nodes that are wanted of one: the newest in which all of them are as they
	 * are now, or of `unchanged` the newest of those in which most are.
	 */
	async #findStarted(wanted: CheckpointOptions['started']): Promise<Started | undefined> {
		const started = this.#known.filter(({ kind, machines }) => kind === 'started' && !wereModified(machines));
		const newestFirst = started.toSorted((one, other) => other.savedAt - one.savedAt);
		// Of whatever lab: a plan may have been copied or renamed, and what the machines are made of decides.
		const usable = newestFirst
			.map((manifest) => ({ manifest, nodes: this.#usableOf(manifest, wanted) }))
			.filter(({ nodes }) => nodes.length > 0)
			.toSorted((one, other) => other.nodes.length - one.nodes.length);
		for (const { manifest, nodes } of usable) {
			const checkpoint = await this.#store.find(manifest.key, 'the started lab', nodes);
			if (!checkpoint) continue;
			if (wanted === 'unchanged') this.#tellTaken({ checkpoint, nodes });
			return { checkpoint, nodes };
		}
		const newest = newestFirst.find(({ lab }) => lab === this.#lab);
		const why = newest ? this.#whyUnusable(newest, wanted) || 'its checkpoint was damaged' : 'there is none yet';
		this.#store.tell(`no checkpoint of the started lab can be used, so every startup script runs: ${why}`);
		return undefined;
	}

	/** The nodes that can be restored from a checkpoint of the started lab, of those that are wanted; all of them, or none. */
	#usableOf(manifest: Manifest, wanted: CheckpointOptions['started']): readonly string[] {
		if (wanted !== 'unchanged') return this.#whyUnusable(manifest, wanted) === '' ? wanted : [];
		if (this.#furtherIn(manifest).length > 0) return [];
		const runAgain = withDependents(this.#changesSince(manifest).keys(), this.#context.connections ?? []);
		return this.#nodes.filter((node) => !runAgain.has(node));
	}

	/** Tells which startup scripts do not run, and for which reason others do. */
	#tellTaken({ checkpoint: { manifest }, nodes }: Started): void {
		const changes = this.#changesSince(manifest);
		const rerun = this.#nodes.filter((node) => !nodes.includes(node)).map((node) => `${node} (${changes.get(node) ?? 'uses a changed one'})`);
		const others = rerun.length === 0 ? 'nothing has changed' : `those of ${rerun.join(', ')} run again`;
		const when = new Date(manifest.savedAt).toISOString();
		this.#store.tell(`taken over from ${when}: what the startup scripts of ${nodes.join(', ')} had done; ${others}`);
	}

	/** Sentences that say why the wanted nodes cannot be restored from a started checkpoint; empty where they can. */
	#whyUnusable(manifest: Manifest, wanted: CheckpointOptions['started']): string {
		const changes = [...this.#changesSince(manifest)].filter(([node]) => wanted === 'unchanged' || wanted.includes(node));
		const changed = changes.map(([node, what]) => (what === notInIt ? `${node} ${what}` : `${node}: ${what}`));
		return [...this.#furtherIn(manifest).map((node) => `${node} is in it, and not in the plan`), ...changed].join('; ');
	}

	/** The machines of a started checkpoint that the plan does not have: the others were started beside them, and know of them. */
	#furtherIn({ machines }: Manifest): readonly string[] {
		const planNodes = this.#context.planNodes ?? this.#nodes;
		return machines.map(({ node }) => node).filter((node) => !planNodes.includes(node));
	}

	/** What has changed in each node since a started checkpoint, of the nodes in which something has. */
	#changesSince({ machines }: Manifest): ReadonlyMap<string, string> {
		return new Map(
			this.#inOrder().flatMap(({ node, started }): [string, string][] => {
				const saved = machines.find((machine) => machine.node === node);
				if (!saved) return [[node, notInIt]];
				const changes = changesBetween(saved.fingerprint, started);
				return changes.length > 0 ? [[node, describeChanges(changes)]] : [];
			}),
		);
	}

	async #provisioned(candidate: Candidate): Promise<MachineRunSpec> {
		const { node, runSpec, provisioned } = candidate;
		const key = provisionedKey(candidate);
		const save = await this.#store.request('provisioned', key, [{ node, fingerprint: provisioned }]);
		const found = await this.#store.find(key, node);
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
}
