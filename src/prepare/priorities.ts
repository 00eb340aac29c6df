/**
 * Decides which machine gets more processor time where processors are short: the one that the others would have to wait
 * for.
 */
import type { Manifest } from '../checkpoint/manifest.js';

/**
 * The factor by which one step of niceness reduces a process's share of a processor (sched_prio_to_weight in Linux's
 * kernel/sched/core.c).
 */
const weightOfAStep = 1.25;

/**
 * The largest niceness of a node. It leaves a third of the normal weight: of four machines on two processors, the first
 * then has one processor to itself. A larger niceness would starve the machine beside other busy programs of the host.
 */
const maximumNiceness = 5;

/**
 * The processor time of each node's startup scripts, in milliseconds, from the newest checkpoint of the started lab that
 * knows it. It leaves out nodes that are not in `nodes`.
 */
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
 * The processor times that the scripts will still need: 0 for nodes in `started`, which are restored behind their startup
 * scripts.
 */
export const timesAhead = (times: ReadonlyMap<string, number>, started: readonly string[]): ReadonlyMap<string, number> =>
	new Map([...times].map(([node, ms]) => [node, started.includes(node) ? 0 : ms]));

/**
 * The niceness of a node. Its share of the processors is proportional to its startup scripts' processor time, so that all
 * nodes finish together. A node with an unknown time gets 0, the highest priority.
 * @param times processor times by node, in milliseconds
 */
export function nicenessOf(node: string, times: ReadonlyMap<string, number>): number {
	const own = times.get(node);
	const longest = Math.max(0, ...times.values());
	if (own === undefined || longest === 0) return 0;
	const steps = Math.round(Math.log(longest / own) / Math.log(weightOfAStep));
	return Math.min(maximumNiceness, steps);
}
