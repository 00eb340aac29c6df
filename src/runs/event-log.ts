/** The event log of a run, `events.ndjson`: one event on each line. Every report can be made again from it. */
import { usageFailure } from '../base/errors.js';
import { washed } from '../base/wash.js';
import type { RunEvent } from '../lab/events.js';

/**
 * Parses the text of a log. It ignores an incomplete last line, which a killed run may have left.
 * @throws Failure `usage` for a text that is not an event log
 */
export function parseEventLog(text: string, file: string): RunEvent[] {
	const lines = text.split('\n');
	// The part behind the last newline is empty or incomplete.
	lines.pop();
	return lines.map((line, index) => {
		const event = parseLine(line);
		if (event === undefined) throw usageFailure(`${file}:${index + 1}: this is not an event of a run`);
		// Whoever wrote it: an earlier version, or a stranger.
		return washed(event);
	});
}

/**
 * The events of a run that was rehearsed elsewhere, for reports of it here: its files are in `runDirectory`, its lab is
 * that of `labArgument`.
 */
export const eventsFromElsewhere = (events: readonly RunEvent[], runDirectory: string, labArgument: string): RunEvent[] =>
	// Nothing on this host is read because a stranger's log names it.
	events.map((event) => (event.type === 'run-started' ? { ...event, runDirectory, labArgument, planPath: labArgument } : event));

function parseLine(line: string): RunEvent | undefined {
	try {
		const value = JSON.parse(line) as Partial<RunEvent> | null;
		return typeof value?.type === 'string' && typeof value.at === 'number' ? (value as RunEvent) : undefined;
	} catch {
		return undefined;
	}
}
