/** What several runs of one measurement come to. Pure. */

export interface Summary {
	readonly median: number;
	readonly min: number;
	readonly max: number;
	/** How many values it is made of. */
	readonly runs: number;
}

/**
 * Median, minimum and maximum; `undefined` of nothing. The median of an even number of values is between the middle
 * two.
 */
export function summarise(values: readonly number[]): Summary | undefined {
	const sorted = values.toSorted((a, b) => a - b);
	const [min] = sorted;
	const max = sorted.at(-1);
	if (min === undefined || max === undefined) return undefined;
	const middle = (sorted.length - 1) / 2;
	const low = sorted[Math.floor(middle)] ?? min;
	const high = sorted[Math.ceil(middle)] ?? max;
	return { median: (low + high) / 2, min, max, runs: sorted.length };
}
