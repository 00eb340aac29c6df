/** What is measured: figures with units and targets, and what their values come to. Pure. */
import { summarise, type Summary } from './statistics.js';

export type Unit = 'ms' | 'bytes' | 'cpu-seconds';

/** What a figure is to be at most: so much, such a part of the by-hand baseline, or both. */
export interface Target {
	readonly atMost?: number;
	readonly ofByHand?: number;
}

/** A figure that a measurement gives. */
export interface Figure {
	readonly title: string;
	readonly unit: Unit;
	/** It is a time from a command to a verdict, which can be compared with that of the by-hand baseline. */
	readonly comparable?: true;
	readonly target?: Target;
}

/** The values of one run of a measurement, by figure; several where it was cheap to look more than once. */
export type Values = Readonly<Record<string, number | readonly number[]>>;

/** A figure with what its runs came to. */
export interface FigureResult extends Figure {
	readonly measurement: string;
	readonly figure: string;
	readonly values: readonly number[];
	readonly summary: Summary;
	/** Median as a part of the baseline's median. */
	readonly ofByHand?: number;
	/** Whether the median meets the target; absent when there is none, or no baseline to compare with. */
	readonly met?: boolean;
}

/** A measurement as far as the results are concerned. */
interface Measured {
	readonly name: string;
	readonly figures: Readonly<Record<string, Figure>>;
}

/** The measurement and the figure that others are compared with. */
export const baseline = { measurement: 'by-hand', figure: 'wall' } as const;

/**
 * Every figure that has values, in the order of the measurements.
 * @param runs the values of each run, by measurement
 */
export function resultsOf(
	measurements: readonly Measured[],
	runs: ReadonlyMap<string, readonly Values[]>,
): readonly FigureResult[] {
	const valuesOf = (measurement: string, figure: string) =>
		(runs.get(measurement) ?? []).flatMap((values) => values[figure] ?? []);
	const byHand = summarise(valuesOf(baseline.measurement, baseline.figure))?.median;
	return measurements.flatMap(({ name, figures }) =>
		Object.entries(figures).flatMap(([key, figure]): FigureResult[] => {
			const values = valuesOf(name, key);
			const summary = summarise(values);
			if (!summary) return [];
			const ofByHand = figure.comparable && byHand !== undefined ? summary.median / byHand : undefined;
			const met = isMet(summary.median, ofByHand, figure.target);
			return [
				{
					measurement: name,
					figure: key,
					...figure,
					values,
					summary,
					...(ofByHand === undefined ? {} : { ofByHand }),
					...(met === undefined ? {} : { met }),
				},
			];
		}),
	);
}

/** Whether a median meets a target; `undefined` when there is none, or when that takes a baseline that is missing. */
export function isMet(median: number, ofByHand: number | undefined, target: Target | undefined): boolean | undefined {
	if (target?.atMost !== undefined && median > target.atMost) return false;
	if (target?.ofByHand !== undefined) return ofByHand === undefined ? undefined : ofByHand <= target.ofByHand;
	return target?.atMost === undefined ? undefined : true;
}
