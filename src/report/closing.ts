/** The end of the summary: what broke, if anything did, and the verdict with what to do next. */
import * as shell from '../base/shell.js';
import { ExitCode } from '../base/errors.js';
import { formatMs, oneLine, withoutControls } from '../base/format.js';
import type { ReportedError } from '../lab/events.js';
import { scriptsToRun } from '../outcome/origins.js';
import { rebootStatuses, shuffleStatuses, twiceStatuses } from '../outcome/robustness.js';
import { errorOf, unfinished, verdictOf } from '../outcome/result.js';
import { allAssertions, assertionStatus, elapsedMs, keptMachines, type RunState } from '../outcome/state.js';
import { consoleLogPath } from '../runs/run-files.js';
import { originSentences } from './origins.js';
import { indented, layOutColumns, mark, quote, statusStyle, wrapWords, type Cell, type Paint } from './text.js';

/** Lines of a console or a stack that are quoted. */
const detailLines = 20;

/**
 * What an error is called. A failed lab is never called by these texts, nor a rehearsal that broke by those of a failed
 * lab.
 */
const errorTexts = ({ code, exitCode }: Pick<ReportedError, 'code' | 'exitCode'>): { readonly heading: string; readonly verdict: string } => {
	if (code === unfinished) return { heading: 'How far it came', verdict: 'has no verdict yet' };
	switch (exitCode) {
		case ExitCode.usage:
			return { heading: 'What is wrong', verdict: 'was not rehearsed: the plan or the command line is wrong' };
		case ExitCode.host:
			return { heading: 'What this host lacks', verdict: 'was not rehearsed: this host lacks something' };
		case ExitCode.timeLimit:
			return { heading: 'What ended the run', verdict: "was not rehearsed to the end: the run's time limit was reached" };
		case ExitCode.interrupted:
			return { heading: 'What ended the run', verdict: 'was not rehearsed to the end: interrupted' };
		default:
			return { heading: 'What broke', verdict: 'was not rehearsed to the end: the rehearsal itself broke' };
	}
};

/** The error that ended the run, with hint, detail and those that followed it; nothing when there was none. */
export function errorSection(state: RunState, width: number, paint: Paint): string[] {
	const error = errorOf(state);
	if (!error) return [];
	const detail = quote(error.detail ?? '', detailLines, paint);
	const followed = state.errors.slice(1);
	return [
		paint('bold', errorTexts(error).heading),
		...indented(
			[
				...wrapWords(errorSentence(error), width - 2),
				...detail,
				...(error.node === undefined || state.runDirectory === ''
					? []
					: [`console log: ${consoleLogPath(state.runDirectory, error.node)}`]),
				...(error.hint === undefined ? [] : wrapWords(`hint: ${withoutControls(error.hint)}`, width - 2)),
				...followed.flatMap((other) => wrapWords(`afterwards: ${errorSentence(other)}`, width - 2)),
			],
			2,
		),
	];
}

/** `redis: the kernel panicked (machine-panicked)`. */
export const errorSentence = ({ node, message, code }: ReportedError): string =>
	`${node === undefined ? '' : `${node}: `}${withoutControls(message).trim()} (${code})`;

/** The verdict, the counts behind it, and what to open and to paste next. */
export function closingSection(state: RunState, width: number, paint: Paint, page?: string): string[] {
	const verdict = verdictOf(state);
	const next = nextCommand(state);
	const repeated = state.nodes.reduce((total, { scripts }) => total + scripts.length, 0);
	const accelerator = state.accelerator && `${state.accelerator.name}: ${oneLine(state.accelerator.reason)}`;
	const rows: readonly (readonly [string, string | undefined])[] = [
		['machines', originSentences(state).join('; ') || undefined],
		['scripts', tally(scriptsToRun(state).map(({ outcome }) => outcome?.status ?? 'not run'))],
		['assertions', tally(allAssertions(state).map(assertionStatus))],
		['second runs', state.robustness.twice && tally(twiceStatuses(state).slice(0, repeated))],
		['restarts', state.robustness.reboot && tally(rebootStatuses(state).slice(0, state.nodes.length))],
		['orders', state.robustness.shuffle && tally(shuffleStatuses(state))],
		['accelerator', accelerator],
		['run directory', state.runDirectory || undefined],
		['page', page],
		['next', next],
	];
	const lines = rows.flatMap(([label, text]): (readonly Cell[])[] =>
		text === undefined
			? []
			: wrapWords(text, width - 17).map((line, index) => [{ text: index === 0 ? label : '', style: 'dim' }, { text: line }]),
	);
	const sentence = `${mark(verdict)} ${state.lab || 'the lab'} ${verdictPhrase(state)}`;
	return [paint('bold', paint(statusStyle(verdict), sentence)), ...indented(layOutColumns(lines, paint), 2)];
}

/** `passed in 2 min 01 s`, or why the lab was not rehearsed to the end. */
export function verdictPhrase(state: RunState): string {
	const verdict = verdictOf(state);
	const time = formatMs(elapsedMs(state));
	if (verdict === 'passed' || verdict === 'failed') return `${verdict} in ${time}`;
	return `${errorTexts(errorOf(state) ?? { code: '', exitCode: ExitCode.broken }).verdict} (after ${time})`;
}

/** `9 of 10 passed, 1 failed`; nothing for no checks at all. */
export function tally(statuses: readonly string[]): string | undefined {
	if (statuses.length === 0) return undefined;
	const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length;
	const others = [
		[count('failed'), 'failed'],
		[count('timed-out'), 'timed out'],
		[count('error'), 'could not be judged'],
		[count('not judged'), 'not judged here'],
		[count('not run'), 'not run'],
	] as const;
	const reported = others.filter(([number]) => number > 0).map(([number, label]) => `${number} ${label}`);
	return [`${count('passed')} of ${statuses.length} passed`, ...reported].join(', ');
}

/** What was asked for, to be asked for again. */
const robustnessFlags = ({ robustness: { twice, reboot, shuffle } }: RunState): string =>
	[
		...(twice ? [' --twice'] : []),
		...(reboot ? [' --reboot'] : []),
		...(shuffle ? [` --shuffle ${shuffle.count} --shuffle-seed ${shuffle.seed}`] : []),
	].join('');

/** One command to paste. For a lab that is still running the summary has others; an error has a hint instead. */
export function nextCommand(state: RunState): string | undefined {
	if (keptMachines(state) || state.lab === '') return undefined;
	// An ISO has nothing by which to get in.
	if (verdictOf(state) === 'failed' && state.nodes.some(({ origin }) => origin?.from === 'iso')) return undefined;
	if (verdictOf(state) === 'failed') return `rehearse run ${shell.quote(state.labArgument)}${robustnessFlags(state)} --keep on-failure`;
	const error = errorOf(state);
	return error?.exitCode === ExitCode.host && error.hint === undefined ? 'rehearse doctor' : undefined;
}
