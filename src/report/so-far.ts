import { oneLine, truncated } from '../base/format.js';
import {
	assertionStatus,
	findStage,
	type AssertionRecord,
	type ReachedStatus,
	type RunState,
} from '../outcome/state.js';
import { wholeSeconds } from './live-rows.js';
import { mark, statusStyle, type Paint } from './text.js';

/** The status of the assertions while a scenario runs: what does not hold so far, and what differs from the run before. */

/** What identifies an assertion: plans have no name for one. */
export interface AssertionName {
	readonly test: string;
	readonly onVm: string;
	readonly title: string;
}

/** The status of an assertion in a run; nothing for one that the run did not have. */
export function statusIn(state: RunState, { test, onVm, title }: AssertionName): ReachedStatus | undefined {
	const isSame = (assertion: AssertionRecord) => assertion.onVm === onVm && assertion.title === title;
	const found = state.tests.find(({ name, assertions }) => name === test && assertions.some(isSame))?.assertions.find(isSame);
	return found && assertionStatus(found);
}

/** What an assertion that fails, or does so far, did in the last run: `held before`; empty where nothing is known. */
export function beforeText(last: RunState | undefined, name: AssertionName): string {
	const before = last && statusIn(last, name);
	if (before === undefined) return last ? 'new' : '';
	return before === 'passed' ? 'held before' : before === 'failed' ? 'failed before too' : '';
}

interface SoFar {
	readonly rank: number;
	readonly sign: (paint: Paint) => string;
	readonly assertion: AssertionRecord;
	readonly note: string;
	readonly message?: string;
}

/** Assertions that are shown; the live view must not outgrow a terminal of 24 rows by much. */
const maximumShown = 5;

/**
 * Lines of the live view, no wider than `width`, while the scenario runs: each assertion that does not hold so far with
 * what was seen, and what came out otherwise than in `last`. None before and after.
 */
export function soFarLines(state: RunState, last: RunState | undefined, now: number, width: number, paint: Paint): string[] {
	if (findStage(state, 'scenario')?.status !== 'running') return [];
	const all = state.tests.flatMap(({ name, assertions }) => assertions.flatMap((assertion) => soFar(assertion, name, last, now) ?? []));
	// What is other than before is what was just edited.
	const shown = all.sort((one, other) => one.rank - other.rank).slice(0, maximumShown);
	const lines = shown.flatMap(({ sign, assertion, note, message }) => [
		`${sign(paint)} ${titled(assertion, `  ${note}`, width - 2)}`,
		...(message === undefined ? [] : [paint('dim', `    ${truncated(oneLine(message), width - 4)}`)]),
	]);
	return all.length > shown.length ? [...lines, `  and ${all.length - shown.length} more`] : lines;
}

function soFar(assertion: AssertionRecord, test: string, last: RunState | undefined, now: number): SoFar | undefined {
	const { onVm, title, outcome, waiting } = assertion;
	const name = { test, onVm, title };
	if (waiting) {
		const left = Math.max(0, Math.ceil((waiting.until - now) / 1000) * 1000);
		const notes = [beforeText(last, name), left > 0 ? `tried for another ${wholeSeconds(left)}` : 'tried for the last time'];
		const isFlip = last !== undefined && statusIn(last, name) === 'passed';
		return {
			rank: isFlip ? 0 : 2,
			sign: (paint) => paint('yellow', mark('running')),
			...{ assertion, note: notes.filter(Boolean).join(', '), message: waiting.message },
		};
	}
	const before = last && statusIn(last, name);
	if (!outcome || before === undefined || before === outcome.status) return undefined;
	const { status, message } = outcome;
	return {
		rank: 1,
		sign: (paint) => paint(statusStyle(status), mark(status)),
		...{ assertion, note: status === 'passed' ? 'holds again' : beforeText(last, name) },
		...(message === undefined ? {} : { message }),
	};
}

/** An assertion's title, cut so that what follows it has its place. */
const titled = ({ onVm, title }: AssertionRecord, rest: string, width: number): string =>
	truncated(`${truncated(`${onVm}: ${oneLine(title)}`, Math.max(20, width - rest.length))}${rest}`, width);
