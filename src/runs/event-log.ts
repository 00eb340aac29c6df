/** The event log of a run, `events.ndjson`: one event on each line. Every report can be made again from it. */
import { usageFailure } from '../base/errors.js';
import { washed } from '../base/wash.js';
import type { RunEvent } from '../lab/events.js';

/**
 * Parses the text of a log. It ignores an incomplete last line, which a killed run may have left.
 * @throws Failure `usage` for a text that is not an event log
 */
export function parseEventLog(text: string, file: string): RunEvent[] {
	const events: RunEvent[] = [];
	let start = 0;
	// The part behind the last newline is empty or incomplete.
	for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
		events.push(parseEvent(text.slice(start, end), file, events.length + 1));
		start = end + 1;
	}
	return events;
}

/**
 * Parses one line of a log.
 * @param number of the line in the file, from 1
 * @throws Failure `usage` for a line that is no event
 */
export function parseEvent(line: string, file: string, number: number): RunEvent {
	const event = parseLine(line);
	if (event === undefined) throw usageFailure(`${file}:${number}: this is not an event of a run`);
	return event;
}

/**
 * The events of a run that was rehearsed elsewhere, for reports of it here: its files are in `runDirectory`, its lab is
 * that of `labArgument`.
 */
export const eventsFromElsewhere = (events: readonly RunEvent[], runDirectory: string, labArgument: string): RunEvent[] =>
	// Nothing on this host is read because a stranger's log names it. Names of files among his are his words too.
	events.map((event) => (event.type === 'run-started' ? { ...event, runDirectory, ...washed({ labArgument, planPath: labArgument }) } : event));

function parseLine(line: string): RunEvent | undefined {
	try {
		const value = JSON.parse(line) as Partial<RunEvent> | null;
		// Whoever wrote it: an earlier version, or a stranger.
		return typeof value?.type === 'string' && typeof value.at === 'number' ? washed(value as RunEvent) : undefined;
	} catch {
		// It is no JSON, or so deep that nothing can be made of it.
		return undefined;
	}
}
