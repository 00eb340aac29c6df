/** Failures that startup scripts went on behind, in the result and in the summary; and where a script failed. */
import { oneLine, plural, truncated, withoutControls } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import { swallowedSteps, type Excerpt, type TraceStep } from '../lab/trace.js';
import { sourceText } from '../outcome/failed-place.js';
import type { Paint } from './text.js';

/** Lines of the summary for a script's swallowed failures; more are in the trace. */
const maximumLines = 5;

/** A line for each swallowed failure of a script, up to a few. */
export function swallowedLines(outcome: ScriptOutcome, paint: Paint): string[] {
	const steps = swallowedSteps(outcome.trace);
	const rest = steps.length - maximumLines;
	return [
		...steps.slice(0, maximumLines).map((step) => paint('yellow', swallowedLine(step))),
		...(rest > 0 ? [paint('yellow', `${plural(rest, 'more failure')} without consequence: rehearse trace ${outcome.node}`)] : []),
	];
}

/** `line 12: psql -c … failed with status 2, and the script went on: could not connect`; of other files with their names. */
const swallowedLine = ({ line, source, command, status, message }: TraceStep): string =>
	[
		...(source !== undefined ? [sourceText({ file: source, ...(line === undefined ? {} : { line }) })] : line === undefined ? [] : [`line ${line}`]),
		`${truncated(oneLine(command), 60)} failed${status === undefined ? '' : ` with status ${status}`}, and the script went on`,
		...(message === undefined ? [] : [oneLine(message)]),
	].join(': ');

/** How many of a script's failures were swallowed, for the end of a sentence. */
export function swallowedCount(outcome: ScriptOutcome): string {
	const { length } = swallowedSteps(outcome.trace);
	return length === 0 ? '' : `, ${plural(length, 'failure')} swallowed`;
}

/** Lines of a script with their numbers, the failed one marked. */
export function excerptLines({ firstLine, lines }: Excerpt, failedLine: number | undefined, paint: Paint): string[] {
	const width = String(firstLine + lines.length - 1).length;
	return lines.map((text, index) => {
		const number = firstLine + index;
		const isFailed = number === failedLine;
		const shown = `${isFailed ? '▶' : ' '} ${String(number).padStart(width)} ${withoutControls(text).replaceAll('\t', '  ')}`.trimEnd();
		return isFailed ? paint('red', shown) : paint('dim', shown);
	});
}
