/** What is measured: figures with units and targets, and what their values come to. Pure. */
import { summarise, type Summary } from './statistics.js';

export type Unit = 'ms' | 'bytes' | 'cpu-seconds';

/** What a figure is to be at most: so much, such a part of a baseline, or all of it. */
export interface Target {
	readonly atMost?: number;
	readonly ofByHand?: number;
	/** Of the one with stock images. */
	readonly ofStock?: number;
}

/** A figure that a measurement gives. */
export interface Figure {
	readonly title: string;
	readonly unit: Unit;
	/** It is a time from a command to a verdict, which can be compared with that of the baselines. */
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
	/** Median as a part of the median of each baseline that was measured. */
	readonly ofByHand?: number;
	readonly ofStock?: number;
	/** Whether the median meets the target; absent when there is none, or no baseline to compare with. */
	readonly met?: boolean;
}

/** A measurement as far as the results are concerned. */
interface Measured {
	readonly name: string;
	readonly figures: Readonly<Record<string, Figure>>;
}

/** The measurements whose `wall` others are compared with, by the name of the comparison. */
export const baselines = { ofByHand: 'by-hand', ofStock: 'stock' } as const;

type Parts = { readonly [comparison in keyof typeof baselines]?: number };

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
	const medians = Object.entries(baselines).map(([comparison, measurement]) => [comparison, summarise(valuesOf(measurement, 'wall'))?.median] as const);
	return measurements.flatMap(({ name, figures }) =>
		Object.entries(figures).flatMap(([key, figure]): FigureResult[] => {
			const values = valuesOf(name, key);
			const summary = summarise(values);
			if (!summary) return [];
			const parts: Parts = Object.fromEntries(medians.flatMap(([comparison, median]) => (figure.comparable && median !== undefined ? [[comparison, summary.median / median]] : [])));
			const met = isMet(summary.median, parts, figure.target);
			return [
				{
					measurement: name,
					figure: key,
					...figure,
					values,
					summary,
					...parts,
					...(met === undefined ? {} : { met }),
				},
			];
		}),
	);
}

/** Whether a median meets a target; `undefined` when there is none, or when that takes a baseline that is missing. */
export function isMet(median: number, parts: Parts, target: Target | undefined): boolean | undefined {
	if (!target) return undefined;
	if (target.atMost !== undefined && median > target.atMost) return false;
	const names = (['ofByHand', 'ofStock'] as const).filter((name) => target[name] !== undefined);
	if (names.some((name) => (parts[name] ?? 0) > (target[name] ?? Infinity))) return false;
	return names.every((name) => parts[name] !== undefined) ? true : undefined;
}
