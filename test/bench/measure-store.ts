/** Measuring what a lab occupies: checkpoints on the disk, machines in memory. */
import type { Bench } from './bench.js';
import type { Figure, Values } from './figures.js';
import { figure } from './measurement.js';
import { rehearse, runCommand, type RunOptions } from './tool.js';
import { machineMemory } from './usage.js';
import type { Cache } from './workshop.js';

/** Figures of the store. */
export const storeFigures: Readonly<Record<string, Figure>> = {
	provisioned: figure('  disk of a provisioned machine, the largest', 'bytes'),
	started: figure('  disk of the started lab', 'bytes'),
	stored: figure('  disk of all its checkpoints', 'bytes'),
};

/** What `rehearse prune --list --json` prints, as far as it is needed. */
interface PruneObject {
	readonly removed: readonly StoredItem[];
	readonly kept: readonly StoredItem[];
}

interface StoredItem {
	readonly kind: string;
	readonly bytes: number;
	readonly checkpoint?: { readonly kind?: string };
}

/** What the checkpoints of a cache occupy, as the tool itself counts them. */
export async function storeOf({ workshop }: Bench, cache: Cache): Promise<Values> {
	const state = await workshop.newDirectory('state');
	const { stdout } = await runCommand(workshop, ['prune', '--list', '--json'], { cache, state });
	const { removed, kept } = JSON.parse(stdout) as PruneObject;
	const checkpoints = [...removed, ...kept].filter(({ kind }) => kind === 'checkpoint');
	const sizes = (kind: string) =>
		checkpoints.filter(({ checkpoint }) => checkpoint?.kind === kind).map(({ bytes }) => bytes);
	return {
		provisioned: sizes('provisioned').toSorted((a, b) => b - a).slice(0, 1),
		started: sizes('started'),
		stored: checkpoints.reduce((sum, { bytes }) => sum + bytes, 0),
	};
}

/** Rehearses a lab and reads its machines' memory when the scenario has ended and they still run. */
export async function memoryOf({ workshop }: Bench, args: readonly string[], options: RunOptions): Promise<Values> {
	const seen: { memory?: Awaited<ReturnType<typeof machineMemory>> } = {};
	await rehearse(workshop, args, {
		...options,
		whileUp: async (pid) => void (seen.memory = await machineMemory(pid)),
	});
	if (!seen.memory || seen.memory.machines === 0) throw new Error('no machine was seen');
	const { resident, proportional } = seen.memory;
	return { resident, proportional };
}
