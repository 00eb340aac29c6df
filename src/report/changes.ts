import { oneLine } from '../base/format.js';
import { washed } from '../base/wash.js';
import { wasStarted, type ScriptOutcome } from '../lab/events.js';
import type { Difference } from '../lab/state-snapshot.js';
import { shownDifferences } from '../outcome/differences.js';
import { failedPlaceResult, sourceText, type FailedPlaceResult } from '../outcome/failed-place.js';
import { differenceResult, type DifferenceResult } from '../outcome/robustness.js';
import { allAssertions, assertionStatus, type NodeRecord, type ReachedStatus, type RunState } from '../outcome/state.js';
import { scriptFailure } from './checks.js';
import { statusIn } from './so-far.js';
import { indented, mark, statusStyle, wrapWords, type Paint } from './text.js';

/** What changed from one run of a lab to the next: assertions that flipped, scripts that fail or no longer do, machines. */

type ScriptStatus = ScriptOutcome['status'] | 'not run';

/** Keys are as in the result object, of which this is a part in `rehearse watch --json`. */
export interface Changes {
	/** Assertions that another result came of; `from` is `null` for those that the last run did not have. */
	readonly assertions: readonly {
		readonly test: string;
		readonly on_vm: string;
		readonly assertion: string;
		readonly from: ReachedStatus | null;
		readonly to: ReachedStatus;
		readonly message?: string;
	}[];
	/** Startup scripts that ended otherwise, or on another line. */
	readonly scripts: readonly {
		readonly node: string;
		readonly script: string;
		readonly from: ScriptStatus | null;
		readonly to: ScriptStatus;
		readonly failed_line?: number;
		readonly failed_source?: FailedPlaceResult['failed_source'];
		readonly trace_ended_at?: number;
		readonly failed_command?: string;
		/** `failed with exit status 1 after 4.2 s`. */
		readonly reported?: string;
	}[];
	/** What differs in the machines once the scenario is over, by node; only nodes in which anything does. */
	readonly machines: readonly { readonly node: string; readonly differences: readonly DifferenceResult[] }[];
}

/** The changes from one run to the next; `machines` holds the differences of their state snapshots by node. */
export function changesBetweenRuns(
	before: RunState,
	after: RunState,
	machines: ReadonlyMap<string, readonly Difference[]> = new Map(),
): Changes {
	return {
		assertions: flippedAssertions(before, after),
		scripts: changedScripts(before, after),
		machines: [...machines]
			.filter(([, differences]) => differences.length > 0)
			.map(([node, differences]) => ({ node, differences: washed(differences.map(differenceResult)) })),
	};
}

/** A run that could be compared with no other. */
export const noChanges: Changes = { assertions: [], scripts: [], machines: [] };

const named = (state: RunState) =>
	state.tests.flatMap(({ name, assertions }) => assertions.map((assertion) => ({ test: name, assertion })));

function flippedAssertions(before: RunState, after: RunState): Changes['assertions'] {
	return named(after).flatMap(({ test, assertion }) => {
		const { onVm, title, outcome, notJudged } = assertion;
		const from = statusIn(before, { test, onVm, title }) ?? null;
		const to = assertionStatus(assertion);
		// What is new and passes is no news, nor is what nobody can judge.
		if (from === to || (from === null && to === 'passed') || notJudged !== undefined) return [];
		return [{ test, on_vm: onVm, assertion: title, from, to, ...(outcome?.message === undefined ? {} : { message: outcome.message }) }];
	});
}

function changedScripts(before: RunState, after: RunState): Changes['scripts'] {
	return after.nodes.flatMap((record) => {
		const { name: node, scripts } = record;
		const previous = before.nodes.find(({ name }) => name === node);
		return scripts.flatMap(({ script, outcome }) => {
			const old = previous?.scripts.find((one) => one.script === script);
			const from = old && previous ? statusOf(previous, old) : null;
			const to = statusOf(record, { outcome });
			const isSame = from === to && old?.outcome?.failedLine === outcome?.failedLine;
			if (isSame || (from === null && to === 'passed')) return [];
			return [
				{
					...{ node, script, from, to },
					...failedPlaceResult(outcome ?? {}),
					...(outcome?.failedCommand === undefined ? {} : { failed_command: outcome.failedCommand }),
					...(outcome === undefined || to === 'passed' ? {} : { reported: scriptFailure(outcome) }),
				},
			];
		});
	});
}

/** A machine is only ever saved as started when all its scripts have passed, so those of one that is taken over have. */
const statusOf = (node: NodeRecord, { outcome }: { readonly outcome?: ScriptOutcome | undefined }): ScriptStatus =>
	outcome?.status ?? (wasStarted(node) ? 'passed' : 'not run');

/** Assertions and scripts that changed, a paragraph; no lines where nothing did. */
export function changedAnswers({ assertions, scripts }: Changes, width: number, paint: Paint): string[] {
	const lines = [
		...scripts.flatMap(({ node, script, from, to, failed_line: line, failed_command: command, failed_source: source, reported }) => {
			const where = [...(line === undefined ? [] : [`line ${line}`]), ...(command === undefined ? [] : [oneLine(command)])].join(': ') + (source ? ` (${sourceText({ file: source.file, ...(source.line === null ? {} : { line: source.line }) })})` : '');
			const news = to === 'passed' ? `passes again (${from})` : (reported ?? to);
			return marked(to, `${node}: startup script ${script} ${news}${where === '' ? '' : `, ${where}`}`, width, paint);
		}),
		...assertions.flatMap(({ test, on_vm: onVm, assertion, from, to, message }) => [
			...marked(to, `${test} › ${onVm}: ${oneLine(assertion)}: ${from === null ? 'new, ' : `${from} → `}${to}`, width, paint),
			...(message === undefined ? [] : indented(wrapWords(oneLine(message), width - 6), 4)),
		]),
	];
	return lines.length === 0 ? [] : [paint('bold', 'Against the last run'), ...indented(lines, 2)];
}

/** How the machines differ, a paragraph; no lines where they do not. */
export function changedMachines({ machines }: Changes, width: number, paint: Paint): string[] {
	if (machines.length === 0) return [];
	const lines = machines.flatMap(({ node, differences }) => {
		const shown = shownDifferences(differences, ({ sentence }) => sentence);
		return [node, ...indented(shown.flatMap((sentence) => wrapWords(sentence, width - 6)), 2)];
	});
	return [paint('bold', 'In the machines'), ...indented(lines, 2)];
}

const marked = (status: ScriptStatus | ReachedStatus, text: string, width: number, paint: Paint): string[] =>
	wrapWords(text, width - 6).map((line, index) => `${index === 0 ? paint(statusStyle(status), mark(status)) : ' '} ${line}`);

/** Whether the run came to an answer that another can be compared with. */
export const isComparable = (state: RunState): boolean =>
	state.errors.length === 0 && allAssertions(state).every((assertion) => assertionStatus(assertion) !== 'not run');
