/**
 * A night of many orders on more and more hosts, on paper: recorded times of units, divided as `fleet` divides them, and given
 * to hosts as Slurm gives the tasks of an array. Pure; nothing is started.
 */
import { divide, orderName, shardsFor, unitKey, type LabWork, type Unit, type UnitTimes } from '../../src/shard/units.js';

/** What of a cluster the times depend on, beside its hosts. */
export interface NightOptions {
	readonly orders: number;
	/** How long Slurm takes from the end of a task to the beginning of the next, in milliseconds. */
	readonly startMs: number;
	/** What each host brings to begin at once, in bytes. */
	readonly bringBytes: number;
	/** What all hosts together get through the one machine that has it, in bytes a second. */
	readonly linkBytesPerSecond: number;
	/** How long the submitting machine takes to merge a shard, in milliseconds. */
	readonly mergeMs: number;
}

/** A night on some hosts. */
export interface Night {
	readonly hosts: number;
	readonly shards: number;
	/** From the submission to the verdict, in milliseconds. */
	readonly ms: number;
	/** How much of that hosts waited for what they bring. */
	readonly bringMs: number;
	readonly mergeMs: number;
	/** Processor time of the hosts over that of one host, which makes one plain run. */
	readonly work: number;
}

/** The lab whose times were recorded, and how long its plain run and each order took. */
export interface RecordedTimes {
	readonly lab: string;
	readonly plainMs: number;
	readonly ordersMs: readonly number[];
}

/** Reads the content of a file of `rehearse merge --times` that has one lab in it. */
export function readRecorded(times: UnitTimes): RecordedTimes {
	const [plain] = Object.entries(times).filter(([key]) => key.endsWith('/plain'));
	if (!plain) throw new Error('there is no plain run in these times');
	const lab = plain[0].replace(/\/plain$/, '');
	const ordersMs = Object.entries(times).flatMap(([key, ms]) => (key.startsWith(`${lab}/order-`) ? [ms] : []));
	if (ordersMs.length === 0) throw new Error('there are no orders in these times');
	return { lab, plainMs: plain[1], ordersMs };
}

/**
 * Gives tasks to hosts in their order: each to the host that is free first. Returns when the last has ended, and how long all
 * hosts worked together. @param firstMs what the first task of a host takes more
 */
export function schedule(tasksMs: readonly number[], hosts: number, firstMs: number): { readonly endMs: number; readonly workMs: number } {
	const free = Array.from({ length: hosts }, () => 0);
	for (const ms of tasksMs) {
		const first = free.indexOf(Math.min(...free));
		free[first] = (free[first] || firstMs) + ms;
	}
	return { endMs: Math.max(...free), workMs: free.reduce((sum, ms) => sum + ms, 0) };
}

/** A night on paper. Recorded orders are repeated until there are enough. @param shards how many; as `fleet` does by default */
export function simulateNight({ lab, plainMs, ordersMs }: RecordedTimes, hosts: number, options: NightOptions, shards?: number): Night {
	const { orders, startMs, bringBytes, linkBytesPerSecond } = options;
	const work: LabWork = { lab, planSha256: '', robustness: [], shuffle: { count: orders, seed: 0 } };
	const times = Object.fromEntries([
		[unitKey({ lab, name: 'plain' }), plainMs],
		...Array.from({ length: orders }, (_, index) => [unitKey({ lab, name: orderName(index + 1) }), ordersMs[index % ordersMs.length] ?? 0] as const),
	]);
	const total = shards ?? shardsFor([work]);
	const timeOf = (unit: Unit): number => (unit.name === 'plain' ? 0 : (times[unitKey(unit)] ?? 0));
	// The first shard of a host boots its machines; the next begin from the checkpoints of that, as orders do.
	const restoredMs = Math.min(plainMs, ...ordersMs);
	const tasks = divide([work], total, times).filter((units) => units.length > 0).map((units) => startMs + restoredMs + units.reduce((sum, unit) => sum + timeOf(unit), 0));
	// All that begin at once bring the same at once, and share the link; who begins later finds it there.
	const bringMs = ((bringBytes * Math.min(hosts, tasks.length)) / linkBytesPerSecond) * 1000;
	const alone = plainMs + Array.from({ length: orders }, (_, index) => ordersMs[index % ordersMs.length] ?? 0).reduce((sum, ms) => sum + ms, 0);
	const mergeMs = tasks.length * options.mergeMs;
	const { endMs, workMs } = schedule(tasks, hosts, plainMs - restoredMs);
	return { hosts, shards: tasks.length, ms: bringMs + endMs + mergeMs, bringMs, mergeMs, work: workMs / alone };
}
