/** What `rehearse watch` shows of a run: shorter than a summary, as it is read again and again. */
import type { Failure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { changedAnswers, changedMachines, type Changes } from './changes.js';
import { nodeSection, testSection } from './checks.js';
import { errorSection } from './closing.js';
import { nodeStatus, testStatus, verdictOf } from '../outcome/result.js';
import { elapsedMs, type RunState } from '../outcome/state.js';
import { mark, painter, statusStyle, type TextOptions } from './text.js';

/** The verdict, what failed, and what differs from the run before; ends in a newline. */
export function verdictText(state: RunState, changes: Changes, { color, width }: TextOptions): string {
	const paint = painter(color);
	const verdict = verdictOf(state);
	const failing: RunState = {
		...state,
		nodes: state.nodes.filter((node) => nodeStatus(state, node) !== 'passed'),
		tests: state.tests.filter((test) => testStatus(test) !== 'passed'),
	};
	const sections = [
		...(verdict === 'passed' ? [] : [nodeSection(failing, paint), testSection(failing, width, paint), errorSection(state, width, paint)]),
		changedAnswers(changes, width, paint),
		[paint('bold', paint(statusStyle(verdict), `${mark(verdict)} ${state.lab} ${verdict === 'error' ? 'was not rehearsed to the end' : verdict} in ${formatMs(elapsedMs(state))}`))],
	];
	return joined(sections);
}

/** What differs in the machines; ends in a newline, and is empty where nothing does. */
export function machineChangesText(changes: Changes, { color, width }: TextOptions): string {
	return joined([changedMachines(changes, width, painter(color))]);
}

/** Why a plan is not rehearsed; its findings were shown. */
export const planErrorText = ({ message, hint }: Pick<Failure, 'message' | 'hint'>, { color }: Pick<TextOptions, 'color'>): string =>
	`${painter(color)('yellow', `! ${message}`)}\n${hint === undefined ? '' : `hint: ${hint}\n`}`;

function joined(sections: readonly (readonly string[])[]): string {
	const reported = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
	return reported.length === 0 ? '' : `\n${reported.join('\n\n')}\n`;
}
