/** The event log of a run, `events.ndjson`: one event a line, from which every report can be made again. */
import { usageFailure } from '../base/errors.js';
import { withoutControls } from '../base/format.js';
import type { RunEvent } from '../lab/events.js';

/**
 * The events of a log's text. The last line may be the half that a killed run wrote; it is left out.
 * @throws Failure (usage) for a text that is no event log
 */
export function parseEventLog(text: string, file: string): RunEvent[] {
	const lines = text.split('\n');
	// What follows the last newline is empty, or that half.
	lines.pop();
	return lines.map((line, index) => {
		const event = parseLine(line);
		if (event === undefined) throw usageFailure(`${file}:${index + 1}: this is no event of a run`);
		return event;
	});
}

/**
 * The events of a run that was rehearsed elsewhere, for reports of it here: its files are in `runDirectory`, its lab is
 * that of `labArgument`, and what a stranger wrote moves no cursor.
 */
export const eventsFromElsewhere = (events: readonly RunEvent[], runDirectory: string, labArgument: string): RunEvent[] =>
	events.map((event) => {
		const clean = JSON.parse(JSON.stringify(event), (_key, value: unknown) =>
			typeof value === 'string' ? withoutControls(value) : value,
		) as RunEvent;
		// Nothing on this host is read because a stranger's log names it.
		return clean.type === 'run-started' ? { ...clean, runDirectory, labArgument, planPath: labArgument } : clean;
	});

function parseLine(line: string): RunEvent | undefined {
	try {
		const value = JSON.parse(line) as Partial<RunEvent> | null;
		return typeof value?.type === 'string' && typeof value.at === 'number' ? (value as RunEvent) : undefined;
	} catch {
		return undefined;
	}
}
