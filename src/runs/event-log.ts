/** The event log of a run, `events.ndjson`: one event on each line. Every report can be made again from it. */
import { usageFailure } from '../base/errors.js';
import { withoutControls } from '../base/format.js';
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
		return event;
	});
}

/**
 * Adapts the events of an imported run for reports on this machine: its files are in `runDirectory`, its plan is
 * `labArgument`. It removes control characters, which a stranger may have written.
 */
export const eventsFromElsewhere = (events: readonly RunEvent[], runDirectory: string, labArgument: string): RunEvent[] =>
	events.map((event) => {
		const clean = JSON.parse(JSON.stringify(event), (_key, value: unknown) =>
			typeof value === 'string' ? withoutControls(value) : value,
		) as RunEvent;
		return clean.type === 'run-started' ? { ...clean, runDirectory, labArgument } : clean;
	});

function parseLine(line: string): RunEvent | undefined {
	try {
		const value = JSON.parse(line) as Partial<RunEvent> | null;
		return typeof value?.type === 'string' && typeof value.at === 'number' ? (value as RunEvent) : undefined;
	} catch {
		return undefined;
	}
}
