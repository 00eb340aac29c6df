import { formatMs, oneLine, plural, truncated, withoutControls } from '../base/format.js';
import { wasStarted, type AssertionOutcome, type ScriptOutcome } from '../lab/events.js';
import { startStageOf } from '../outcome/origins.js';
import { bootEnding, nodeStatus, testStatus } from '../outcome/result.js';
import {
	assertionStatus,
	type AssertionRecord,
	type NodeRecord,
	type RunState,
	type ScriptRecord,
	type TestRecord,
} from '../outcome/state.js';
import { consoleLogPath, journalPath } from '../runs/run-files.js';
import { decidingTimeText } from '../outcome/deciding-time.js';
import { failedPlaceText } from '../outcome/failed-place.js';
import { startStageText } from './origins.js';
import { excerptLines, swallowedLines } from './swallowed.js';
import {
	indented,
	layOutColumns,
	mark,
	quote,
	statusStyle,
	wrapWords,
	type AnyStatus,
	type Cell,
	type Paint,
	type Style,
} from './text.js';

/** The two tables of the summary: nodes with their startup scripts, and tests with their assertions. */

/** Lines of output that are quoted; all of it is in the event log. */
const quotedLines = 10;

/** A table row behind its mark, with the lines below it. */
export interface Entry {
	readonly status: AnyStatus | undefined;
	readonly cells: readonly Cell[];
	readonly below: readonly string[];
}

/** Nodes, each with its boot and its startup scripts. */
export function nodeSection(state: RunState, paint: Paint): string[] {
	if (state.nodes.length === 0) return [];
	const entries = state.nodes.flatMap((node) => nodeEntries(state, node, paint));
	return [paint('bold', 'Nodes'), ...renderEntries(entries, paint)];
}

function nodeEntries(state: RunState, node: NodeRecord, paint: Paint): Entry[] {
	const boot = bootEntry(state, node, paint);
	const scripts = node.scripts.map((record) => scriptEntry(state, node, record, paint));
	const [first, ...others] = [...scripts, ...loginEntries(node)];
	if (!first) return [boot];
	// What went wrong with the machine comes before its scripts, which then were not run at all.
	const joined: Entry = { ...boot, cells: [...boot.cells, ...first.cells], below: [...boot.below, ...first.below] };
	const blank: readonly Cell[] = boot.cells.map(() => ({ text: '' }));
	return [joined, ...others.map((entry) => ({ ...entry, cells: [...blank, ...entry.cells] }))];
}

function bootEntry(state: RunState, node: NodeRecord, paint: Paint): Entry {
	const startStage = startStageOf(state, node.name);
	const reported =
		startStage === undefined || startStage.status === 'not run'
			? 'not booted'
			: startStage.status === 'running'
				? 'still booting'
				: startStageText(startStage, bootEnding(state, startStage));
	return {
		status: nodeStatus(state, node),
		cells: [{ text: node.name }, { text: reported, style: 'dim' }],
		below: [
			...(startStage?.status === 'failed' ? quote(startStage.detail ?? '', quotedLines, paint) : []),
			...(node.end ? [paint('bold', oneLine(node.end.message))] : []),
		],
	};
}

function scriptEntry(state: RunState, node: NodeRecord, record: ScriptRecord, paint: Paint): Entry {
	const { script, startedAt, outcome } = record;
	const name: Cell = { text: script };
	const row = (text: string, style: Style, below: readonly string[] = []): Entry => ({
		status: undefined,
		cells: [name, { text, style }],
		below,
	});
	if (!outcome && wasStarted(node)) return row('not run again', 'dim');
	if (!outcome) return row(startedAt === undefined ? 'not run' : 'never finished', 'dim');
	const swallowed = swallowedLines(outcome, paint);
	const reasons = (outcome.reasons ?? []).map((reason) => paint('bold', oneLine(reason)));
	if (outcome.status === 'passed') return row(`passed in ${formatMs(outcome.ms)}`, 'dim', [...swallowed, ...reasons]);
	const where = failedPlaceText(outcome);
	return row(scriptFailure(outcome), statusStyle(outcome.status), [
		...(where === '' ? [] : [paint('bold', where)]),
		...(outcome.excerpt ? excerptLines(outcome.excerpt, outcome.failedLine, paint) : []),
		...reasons,
		...swallowed,
		...quote(outcome.output, quotedLines, paint),
		...(state.runDirectory === '' ? [] : [logPlace(state.runDirectory, node)]),
	]);
}

/** Where more is to be read: of a restored machine the journal, since it wrote to its console before it was saved. */
const logPlace = (runDirectory: string, { name, origin }: NodeRecord): string =>
	origin?.from === 'checkpoint' ? `journal: ${journalPath(runDirectory, name)}` : `console log: ${consoleLogPath(runDirectory, name)}`;

/** Rows of a login that does not work; a login that works has none. */
function loginEntries({ login }: NodeRecord): Entry[] {
	if (!login || login.status === 'passed') return [];
	const [reported, style] = login.status === 'failed' ? (['failed', statusStyle('failed')] as const) : (['closed', 'dim'] as const);
	return [{ status: undefined, cells: [{ text: `SSH as ${login.username}` }, { text: reported, style }], below: [oneLine(login.message ?? '')] }];
}

/** `failed with exit status 1 after 4.2 s`. */
export function scriptFailure({ status, exitCode, ms }: Pick<ScriptOutcome, 'status' | 'exitCode' | 'ms'>): string {
	const exit = exitCode === undefined ? '' : ` with exit status ${exitCode}`;
	return `${status === 'timed-out' ? 'timed out' : 'failed'}${exit} after ${formatMs(ms)}`;
}

/** Tests, each with its assertions; of a test that was not reached only the name and their number. */
export function testSection(state: RunState, width: number, paint: Paint): string[] {
	if (state.tests.length === 0) return [];
	const headings = renderEntries(state.tests.map(testEntry), paint);
	const nodeWidth = Math.max(0, ...state.tests.flatMap(({ assertions }) => assertions.map(({ onVm }) => onVm.length)));
	return [
		paint('bold', 'Tests'),
		...state.tests.flatMap((test, index) => {
			const isReached = test.assertions.some(({ outcome, waiting, notJudged }) => outcome ?? waiting ?? notJudged);
			const entries = test.assertions.map((assertion) => assertionEntry(assertion, nodeWidth, width, paint));
			return [headings[index] ?? '', ...(isReached ? indented(renderEntries(entries, paint), 2) : [])];
		}),
	];
}

function testEntry(test: TestRecord): Entry {
	const total = test.assertions.length;
	const passed = test.assertions.filter(({ outcome }) => outcome?.status === 'passed').length;
	const isReached = test.assertions.some(({ outcome, waiting }) => outcome ?? waiting);
	const status = testStatus(test);
	const unjudged = test.assertions.filter((assertion) => assertionStatus(assertion) === 'not judged').length;
	const reported = [
		...(isReached ? [`${passed} of ${total} passed`] : unjudged < total ? [`${plural(total - unjudged, 'assertion')} not run`] : []),
		...(unjudged > 0 ? [`${unjudged} not judged here`] : []),
	].join(', ');
	const style = status === 'passed' ? 'dim' : statusStyle(status);
	return { status, cells: [{ text: test.name }, { text: reported, style }], below: [] };
}

function assertionEntry(assertion: AssertionRecord, nodeWidth: number, width: number, paint: Paint): Entry {
	const { outcome, waiting, onVm, notJudged } = assertion;
	const status = assertionStatus(assertion);
	const title = oneLine(assertion.title);
	const shown = truncated(title, Math.max(20, width - nodeWidth - 19));
	const seen = outcome ?? waiting;
	const time = outcome?.status === 'passed' ? decidingTimeText(outcome) : undefined;
	const evidence = time !== undefined ? wrapWords(time, width - 8) : seen && status !== 'passed' ? assertionEvidence(seen, width, paint) : status === 'not judged' ? wrapWords(oneLine(notJudged ?? ''), width - 8) : [];
	return {
		status,
		cells: [
			{ text: onVm.padEnd(nodeWidth) },
			{ text: (outcome ? formatMs(outcome.ms) : waiting ? 'undecided' : notJudged === undefined ? 'not run' : 'no answer').padStart(9), style: 'dim' },
			{ text: shown },
		],
		// What was cut to keep the table in shape is given whole where it is evidence, in one piece to be pasted.
		below: evidence.length > 0 && shown !== title ? [title, ...evidence] : evidence,
	};
}

/** Lines below an assertion that did not pass. */
export function assertionEvidence(outcome: Pick<AssertionOutcome, 'attempts'> & Partial<AssertionOutcome>, width: number, paint: Paint): string[] {
	const verdict = outcome.status === 'error' ? 'could not be judged, ' : '';
	const tried = `${verdict}tried ${outcome.attempts === 1 ? 'once' : `${outcome.attempts} times`}`;
	const output = quote(outcome.output ?? '', quotedLines, paint);
	const time = decidingTimeText(outcome);
	return [
		...wrapWords(withoutControls(outcome.message ?? '').trimEnd(), width - 8).filter((line) => line !== ''),
		...(time === undefined ? [] : wrapWords(time, width - 8)),
		...(output.length === 0 ? [tried] : [`${tried}, last output:`, ...output]),
	];
}

/** Lines of a table whose rows have marks. */
export function renderEntries(entries: readonly Entry[], paint: Paint): string[] {
	const rows = layOutColumns(
		entries.map(({ cells }) => cells),
		paint,
	);
	return entries.flatMap(({ status, below }, index) => {
		const sign = status === undefined ? ' ' : paint(statusStyle(status), mark(status));
		return [`  ${sign} ${rows[index] ?? ''}`.trimEnd(), ...indented(below, 4)];
	});
}
