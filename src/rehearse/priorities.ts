/** Which machine goes first where processors are short: the one that the others would have to wait for. */
import type { Manifest } from '../checkpoint/manifest.js';
import type { SaveOrder } from './supervised.js';

/** The weakest priority that there is (nice(2)). */
const maximumNiceness = 19;

/** The same order, to be saved with the processor time that each node's startup scripts took, in milliseconds. */
export function withStartupTimes(order: SaveOrder, times: ReadonlyMap<string, number | undefined>): SaveOrder {
	const machines = order.machines.map((machine) => {
		const startupCpuMs = times.get(machine.node);
		return startupCpuMs === undefined ? machine : { ...machine, startupCpuMs };
	});
	return { ...order, machines };
}

/** What those times were, by node, when the lab was last saved as started. Nodes that it has no more are left out. */
export function startupTimes(manifests: readonly Manifest[], lab: string, nodes: readonly string[]): ReadonlyMap<string, number> {
	const oldestFirst = manifests
		.filter((manifest) => manifest.kind === 'started' && manifest.lab === lab)
		.toSorted((one, other) => one.savedAt - other.savedAt);
	return new Map(
		oldestFirst.flatMap(({ machines }) =>
			machines.flatMap(({ node, startupCpuMs }) =>
				startupCpuMs === undefined || !nodes.includes(node) ? [] : [[node, startupCpuMs] as const],
			),
		),
	);
}

/**
 * How far a node stands back behind the one whose startup scripts took longest: the less it has to do, the further. Their
 * work side by side takes as long as that one alone, where each had as much of the processors as the other. One of which
 * nothing is known stands back behind none.
 */
export function nicenessOf(node: string, times: ReadonlyMap<string, number>): number {
	const own = times.get(node);
	const longest = Math.max(0, ...times.values());
	if (own === undefined || longest === 0) return 0;
	return Math.min(maximumNiceness, Math.round(20 * (1 - own / longest)));
}
