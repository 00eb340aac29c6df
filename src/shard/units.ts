/**
 * Units of work: what a rehearsal of labs consists of, and how it is divided over several machines. Pure, and the same for
 * everybody who divides the same work, since the shards do not talk to each other.
 */
import type { RobustnessCheck } from '../lab/events.js';

/** What is to be rehearsed of a lab. */
export interface LabWork {
	/** The name of the lab. */
	readonly lab: string;
	readonly planSha256: string;
	readonly robustness: readonly RobustnessCheck[];
	/** Other orders of startup; absent for none. */
	readonly shuffle?: { readonly count: number; readonly seed: number };
	/** What else the command line decides about what runs and is judged. */
	readonly options?: WorkFlags;
}

/** Flags that make another rehearsal of the same plan; only those that were given. */
export interface WorkFlags {
	readonly defaultTests?: true;
	readonly scriptTimeoutSeconds?: number;
	readonly cold?: true;
}

/** The plain run, a robustness check, or the order of a number from 1. */
export type UnitName = 'plain' | RobustnessCheck | `order-${number}`;

/** The smallest part of the work that a shard does or does not do. */
export interface Unit {
	readonly lab: string;
	readonly name: UnitName;
}

/** How long units took, in milliseconds, by `unitKey`. */
export type UnitTimes = Readonly<Record<string, number>>;

/** The key of a unit. */
export const unitKey = ({ lab, name }: Unit): string => `${lab}/${name}`;

/** The unit of an order. @param number from 1 */
export const orderName = (number: number): UnitName => `order-${number}`;

/** The number of the order that a unit is; undefined for another unit. */
export const orderNumber = (name: UnitName): number | undefined => (name.startsWith('order-') ? Number(name.slice('order-'.length)) : undefined);

/** All units of a lab. */
export const unitsOf = ({ lab, robustness, shuffle }: LabWork): Unit[] => [
	{ lab, name: 'plain' },
	...robustness.map((name) => ({ lab, name })),
	...Array.from({ length: shuffle?.count ?? 0 }, (_, index) => ({ lab, name: orderName(index + 1) })),
];

/** What a unit is taken to cost where nobody has measured it, as a multiple of a plain run. */
const guesses: Readonly<Record<'plain' | 'order' | RobustnessCheck, number>> = { plain: 1, order: 1, twice: 1, reboot: 2 };

/** What a plain run is taken to cost where nobody has measured one, in milliseconds. */
const guessedPlainMs = 60_000;

/** The costs of units, in milliseconds: measured where they were, guessed from the lab's plain run or the mean of all where not. */
function costsOf(times: UnitTimes): (unit: Unit) => number {
	const plains = Object.entries(times).flatMap(([key, ms]) => (key.endsWith('/plain') ? [ms] : []));
	const usual = plains.length === 0 ? guessedPlainMs : plains.reduce((sum, ms) => sum + ms, 0) / plains.length;
	return (unit) => {
		const plain = times[unitKey({ lab: unit.lab, name: 'plain' })] ?? usual;
		const kind = unit.name === 'plain' || unit.name === 'twice' || unit.name === 'reboot' ? unit.name : 'order';
		return times[unitKey(unit)] ?? plain * guesses[kind];
	};
}

/**
 * Divides all units of some work into `total` shards: the longest first, each to the shard that will be done with it first.
 * Every shard that has a unit of a lab makes a plain run of it, which makes the checkpoints that the others start from.
 */
export function divide(work: readonly LabWork[], total: number, times: UnitTimes = {}): Unit[][] {
	const costOf = costsOf(times);
	const units = work.flatMap(unitsOf).map((unit, index) => ({ unit, index, ms: costOf(unit) }));
	units.sort((a, b) => b.ms - a.ms || a.index - b.index);
	const shards = Array.from({ length: total }, () => ({ units: [] as { unit: Unit; index: number }[], ms: 0, labs: new Set<string>() }));
	for (const { unit, index, ms } of units) {
		const plainMs = costOf({ lab: unit.lab, name: 'plain' });
		// Of the plain run only the first in a shard costs anything.
		const added = (labs: ReadonlySet<string>) => (labs.has(unit.lab) ? 0 : plainMs) + (unit.name === 'plain' ? 0 : ms);
		const first = shards.reduce((best, shard) => (shard.ms + added(shard.labs) < best.ms + added(best.labs) ? shard : best));
		first.ms += added(first.labs);
		first.labs.add(unit.lab);
		first.units.push({ unit, index });
	}
	// In the order of the work again.
	return shards.map((shard) => shard.units.sort((a, b) => a.index - b.index).map(({ unit }) => unit));
}

/** How many units a shard has at least, where nobody gives the number of shards: each pays for a plain run. */
const leastUnits = 8;

/** Slurm's usual limit of an array; matrices of CI engines have less. */
const mostShards = 1000;

/** How many shards some work is divided into by default: one a lab, more for one with many orders. */
export const shardsFor = (work: readonly LabWork[]): number =>
	Math.min(mostShards, work.reduce((sum, lab) => sum + Math.max(1, Math.ceil((unitsOf(lab).length - 1) / leastUnits)), 0));
