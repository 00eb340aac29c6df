/** What a measurement is. */
import type { Bench } from './bench.js';
import type { Figure, Target, Unit, Values } from './figures.js';

/** A measurement: a function that rehearses once, or as often as its figures need, and gives their values. */
export interface Measurement {
	readonly name: string;
	readonly figures: Readonly<Record<string, Figure>>;
	/** Only when it is asked for by name. */
	readonly onRequest?: true;
	/** @param mark another one for each run, fit for a file name */
	readonly measure: (bench: Bench, mark: string) => Promise<Values>;
}

/** A figure that is compared with nothing but its target. */
export const figure = (title: string, unit: Unit, target?: Target): Figure => ({
	title,
	unit,
	...(target ? { target } : {}),
});

/** A time from command to verdict. */
export const wall = (title: string, target?: Target): Figure => ({ ...figure(title, 'ms', target), comparable: true });

/** Values without those that a run does not have. */
export const present = (values: Readonly<Record<string, number | undefined>>): Values =>
	Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined));
