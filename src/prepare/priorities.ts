/** Which machine goes first where processors are short: the one that the others would have to wait for. */
import type { Manifest } from '../checkpoint/manifest.js';

/** How much less of a processor one step of niceness is (sched_prio_to_weight in Linux's kernel/sched/core.c). */
const weightOfAStep = 1.25;

/**
 * The largest niceness of a node: it has a third of the weight of the others: of four machines on two processors the
 * first has one to itself then. It yields to every other program of the host as well, and has to go on beside a
 * busy one.
 */
const maximumNiceness = 5;

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

/** The times that are ahead: none for the nodes that are restored as their startup scripts had left them. */
export const timesAhead = (times: ReadonlyMap<string, number>, started: readonly string[]): ReadonlyMap<string, number> =>
	new Map([...times].map(([node, ms]) => [node, started.includes(node) ? 0 : ms]));

/**
 * The niceness of a node, by the one whose startup scripts took longest: its share of the processors is that of its
 * work, so that their work side by side takes as long as that one alone, where each had as much as the other. One of which
 * nothing is known yields to none.
 */
export function nicenessOf(node: string, times: ReadonlyMap<string, number>): number {
	const own = times.get(node);
	const longest = Math.max(0, ...times.values());
	if (own === undefined || longest === 0) return 0;
	const steps = Math.round(Math.log(longest / own) / Math.log(weightOfAStep));
	return Math.min(maximumNiceness, steps);
}
