/** What `rehearse runs` prints: a line for each run, or all of one; one object for programs. */
import { formatAge, formatBytes, formatMs, plural } from '../base/format.js';
import { washed } from '../base/wash.js';
import { layOutColumns, painter, type Style } from './text.js';

/** A run that is kept. */
export interface StoredRun {
	readonly name: string;
	readonly directory: string;
	/** The name of its lab, and the path of its plan; empty where its events do not have them. */
	readonly lab: string;
	readonly plan: string;
	/** Its verdict, `goes on`, or why it has none. */
	readonly state: string;
	/** In milliseconds since the epoch. */
	readonly startedAt: number | undefined;
	/** How long it took, once it has ended. */
	readonly ms: number | undefined;
	/** What it occupies on the disk. */
	readonly bytes: number;
	/** Whether it was brought here by `rehearse open`. */
	readonly opened: boolean;
	/** The page to look at, where there is one. */
	readonly page: string | undefined;
}

export interface RenderRunsOptions {
	readonly color: boolean;
	/** What ages are counted to, in milliseconds since the epoch. */
	readonly now: number;
	/** Whether they have been removed. */
	readonly removed?: boolean;
}

const styleOf = (state: string): Style =>
	state === 'passed' ? 'green' : state === 'failed' ? 'red' : state === 'goes on' ? 'cyan' : 'yellow';

/** A line for each run and one for the sum; ends with a newline. */
export function renderRuns(runs: readonly StoredRun[], { color, now, removed = false }: RenderRunsOptions): string {
	const paint = painter(color);
	const rows = washed(runs).map(({ name, state, startedAt, ms, bytes, opened }) => [
		{ text: name },
		{ text: opened ? `${state} elsewhere` : state, style: styleOf(state) },
		{ text: startedAt === undefined ? '' : formatAge(now - startedAt) },
		{ text: ms === undefined ? '' : formatMs(ms) },
		{ text: formatBytes(bytes) },
	]);
	const sum = formatBytes(runs.reduce((total, { bytes }) => total + bytes, 0));
	const last = runs.length === 0 ? 'No runs.' : `${plural(runs.length, 'run')}, ${sum}${removed ? ' freed' : ''}.`;
	return `${[...layOutColumns(rows, paint), paint('bold', last)].join('\n')}\n`;
}

/** All of one run, with what can be done with it; ends with a newline. */
export function renderRun(run: StoredRun, now: number): string {
	const { name, lab, plan, state, startedAt, ms, bytes, directory, page } = washed(run);
	const rows: readonly (readonly [string, string | undefined])[] = [
		['lab', lab || undefined],
		['plan', plan || undefined],
		['verdict', state],
		['started', startedAt === undefined ? undefined : `${new Date(startedAt).toISOString()}, ${formatAge(now - startedAt)}`],
		['took', ms === undefined ? undefined : formatMs(ms)],
		['on disk', formatBytes(bytes)],
		['directory', directory],
		['page', page],
		['report', `rehearse report ${name}`],
	];
	const there = rows.filter(([, value]) => value !== undefined).map(([key, value = '']) => [{ text: `  ${key}` }, { text: value }]);
	return `${[name, ...layOutColumns(there, painter(false))].join('\n')}\n`;
}

/** The same for programs. Ends with a newline. */
export const runsObject = (runs: readonly StoredRun[]): string => {
	const objects = washed(runs).map(({ name, directory, lab, plan, state, startedAt, ms, bytes, opened, page }) => ({
		...{ name, directory, lab, plan, state, started_at: startedAt === undefined ? null : new Date(startedAt).toISOString() },
		...{ ms: ms ?? null, bytes, opened, page: page ?? null },
	}));
	return `${JSON.stringify({ schema: 1, runs: objects }, undefined, 2)}\n`;
};
