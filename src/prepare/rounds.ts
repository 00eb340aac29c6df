/** Prepares the machines of a lab, all at once or in rounds: those whose images are there, while others are built. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { allOf } from '../base/waiting.js';
import type { Image } from '../image/store.js';
import type { Emit } from '../lab/events.js';
import type { HostKey, Lab } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import type { HostFingerprint } from '../machine/fingerprint.js';
import { scriptDeadlineMs, type Deadlines, type LateMachines, type MachineRunSpec } from '../protocol/run-spec.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { SeedFiles } from '../seed/content.js';
import { openPlanner, planCheckpoints, type CheckpointContext, type CheckpointOptions, type CheckpointPlan, type CheckpointPlanner } from './checkpoints.js';
import type { LabImages } from './images.js';
import { pendingMachine, prepareMachines, seedFilesOf, writeSeeds, type PreparedMachine } from './machines.js';
import type { NodeInputs } from './node-fingerprint.js';

export interface RoundsContext {
	readonly lab: Lab;
	readonly directory: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>;
	readonly hostKeys: ReadonlyMap<string, HostKey>;
	readonly measured: { readonly host: HostFingerprint; readonly slowdown: number; readonly deadlines: Deadlines };
	/** Whether a node's seed is written; those of the others exist already. */
	readonly wanted: (node: { readonly name: string }) => boolean;
	/** The directory where those seeds are written, where it is not that of their machines. */
	readonly seedsIn?: string | undefined;
	/** Whether startup scripts are traced. */
	readonly trace: boolean;
	readonly checkpoints: CheckpointOptions;
	readonly planning: CheckpointContext;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/** A machine, and the files of its seed. */
interface Seeded {
	readonly machine: PreparedMachine;
	readonly seed: SeedFiles;
}

/** A lab of which some machines are pending. */
export interface BegunPlan {
	readonly plan: CheckpointPlan;
	/** Those that are there, by node. */
	readonly images: ReadonlyMap<string, Image>;
	/** Prepares each of the other machines as soon as its image is there. Resolves to the whole. */
	rest(deliver: (late: LateMachines) => Promise<void>): Promise<{ readonly plan: CheckpointPlan; readonly images: ReadonlyMap<string, Image> }>;
}

/** The rounds of one lab. */
export class Rounds {
	readonly #context: RoundsContext;

	constructor(context: RoundsContext) {
		this.#context = context;
	}

	/** Prepares all machines at once. */
	async whole(images: ReadonlyMap<string, Image>): Promise<CheckpointPlan> {
		const { lab, checkpoints, planning, emit } = this.#context;
		const machines = await this.#seeded(images);
		await stage(emit, 'seeds', () => this.#writeSeeds(machines));
		return stage(emit, 'checkpoints', async () => planCheckpoints(lab.name, await this.#inputsOf(machines), checkpoints, planning));
	}

	/** Prepares those machines whose images are there. @param all the images of all nodes, once they are there */
	async begin(built: LabImages, all: Promise<ReadonlyMap<string, Image>>): Promise<BegunPlan> {
		const { lab, directory, hostKeys, checkpoints, planning } = this.#context;
		const planner = await openPlanner(lab.name, lab.nodes.map(({ name }) => name), checkpoints, planning);
		const images = built.ready();
		const later = built.parts.filter(({ nodes }) => !nodes.some((node) => images.has(node)));
		const known = new Map<string, MachineRunSpec>();
		const round = async (of: ReadonlyMap<string, Image>): Promise<readonly MachineRunSpec[]> => {
			const machines = await this.#round(of, planner);
			for (const machine of machines) known.set(machine.spec.name, machine);
			return machines;
		};
		const machines = () => lab.nodes.map((node, index) => known.get(node.name) ?? pendingMachine(node, index, hostKeys, directory));
		await round(images);
		// The last of them may have come while the planner was being opened.
		let ofTheLab: Omit<CheckpointPlan, 'machines'> = later.length === 0 ? await planner.finish() : {};
		return {
			...{ plan: { machines: machines(), ...ofTheLab }, images },
			rest: async (deliver) => {
				let missing = later.length;
				const rounds = later.map(async ({ nodes, image }) => {
					const there = await image;
					const prepared = await round(new Map(nodes.map((node) => [node, there])));
					missing -= 1;
					if (missing === 0) ofTheLab = await planner.finish();
					await deliver({ machines: prepared, ...ofTheLab });
				});
				await allOf(rounds);
				return { plan: { machines: machines(), ...ofTheLab }, images: await all };
			},
		};
	}

	/** Prepares machines one beside the other. The events of each have its node: others have their turn at another time. */
	async #round(images: ReadonlyMap<string, Image>, planner: CheckpointPlanner): Promise<readonly MachineRunSpec[]> {
		const { emit } = this.#context;
		const seeded = await this.#seeded(images);
		const rounds = seeded.map(async (one) => {
			const { name } = one.machine.node;
			await stage(emit, 'seeds', () => this.#writeSeeds([one]), undefined, name);
			return stage(emit, 'checkpoints', async () => planner.plan(await this.#inputsOf([one])), undefined, name);
		});
		return (await allOf(rounds)).flat();
	}

	async #seeded(images: ReadonlyMap<string, Image>): Promise<readonly Seeded[]> {
		const { lab, hostKeys, directory, trace, measured: { deadlines, slowdown } } = this.#context;
		const machines = prepareMachines(lab, images, hostKeys, directory);
		const seeds = await seedFilesOf(machines, { scriptDeadlineSeconds: (script) => scriptDeadlineMs(script, deadlines, slowdown) / 1000, trace });
		return machines.map((machine) => ({ machine, seed: seeds.get(machine.node.name) ?? {} }));
	}

	async #writeSeeds(machines: readonly Seeded[]): Promise<void> {
		const { wanted, signal } = this.#context;
		const seeds = new Map(machines.map(({ machine, seed }) => [machine.node.name, seed]));
		const written = machines.map(({ machine }) => machine).filter(({ node }) => wanted(node));
		await writeSeeds(written, seeds, (machine) => this.#seedFileOf(machine), signal);
	}

	/** Where a machine's seed is by now. */
	#seedFileOf({ node, runSpec: { spec } }: PreparedMachine): string {
		const { wanted, seedsIn } = this.#context;
		return seedsIn !== undefined && wanted(node) ? path.join(seedsIn, path.basename(spec.seedFile)) : spec.seedFile;
	}

	#inputsOf(machines: readonly Seeded[]): Promise<readonly NodeInputs[]> {
		const { lab: { network }, measured: { host } } = this.#context;
		return Promise.all(
			machines.map(async ({ machine, seed }) => {
				const [root, disk] = await Promise.all([stat(machine.image.rootFile), stat(this.#seedFileOf(machine))]);
				return { machine, imageBuiltAt: root.mtimeMs, seed, seedBytes: disk.size, host, network };
			}),
		);
	}
}
