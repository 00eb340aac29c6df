import { ExitCode } from '../base/errors.js';
import type { RunEvent } from '../lab/events.js';
import { foldEvents } from '../outcome/fold.js';
import { resultJson, resultOf } from '../outcome/result.js';
import { eventLine } from '../report/plain.js';
import { summary } from '../report/summary.js';
import { findRun, readEvents } from '../runs/stored-runs.js';
import type { Terminal } from './terminal.js';

export type ReportFormat = 'summary' | 'json' | 'junit' | 'plain';

export interface ReportOptions {
	/** A run directory, or the name of one in `runs`; by default the last run. */
	readonly run: string | undefined;
	readonly runs: string;
	readonly format: ReportFormat;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor' | 'width'>;
}

/** `rehearse report`: makes a report of a run again from its event log. The exit status is 0, whatever the verdict was. */
export async function reportCommand({ run, runs, format, terminal }: ReportOptions): Promise<ExitCode> {
	terminal.stdout.write(await render(await readEvents(findRun(run, runs)), format, terminal));
	return ExitCode.passed;
}

async function render(
	events: readonly RunEvent[],
	format: ReportFormat,
	{ stdoutColor: color, width }: ReportOptions['terminal'],
): Promise<string> {
	const state = foldEvents(events);
	switch (format) {
		case 'summary':
			return summary(state, { color, width });
		case 'json':
			return resultJson(resultOf(state));
		case 'junit':
			return (await import('../report/junit.js')).junitXml(state);
		case 'plain':
			return events
				.flatMap((event) => eventLine(event, events[0]?.at ?? 0) ?? [])
				.map((line) => `${line}\n`)
				.join('');
	}
}
