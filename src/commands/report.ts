import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, usageFailure } from '../base/errors.js';
import type { RunEvent } from '../lab/events.js';
import { foldEvents } from '../report/fold.js';
import { resultJson } from '../report/json.js';
import { parseEventLog } from '../report/log.js';
import { eventLine } from '../report/plain.js';
import { resultOf } from '../report/result.js';
import { summary } from '../report/summary.js';
import type { Terminal } from './terminal.js';

export type ReportFormat = 'summary' | 'json' | 'junit' | 'plain';

export interface ReportOptions {
	/** A run directory, or the name of one in `runs`; the last run otherwise. */
	readonly run: string | undefined;
	readonly runs: string;
	readonly format: ReportFormat;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor' | 'width'>;
}

/** `rehearse report`: any report of a run, made again from its event log. Exit status 0, whatever the verdict was. */
export async function reportCommand({ run, runs, format, terminal }: ReportOptions): Promise<ExitCode> {
	const file = path.join(findRun(run, runs), logName);
	const events = parseEventLog(await readFile(file, 'utf8'), file);
	terminal.stdout.write(await render(events, format, terminal));
	return ExitCode.passed;
}

const logName = 'events.ndjson';

function findRun(run: string | undefined, runs: string): string {
	const candidates = run === undefined ? newestFirst(runs) : [path.resolve(run), path.join(runs, run)];
	const found = candidates.find((directory) => existsSync(path.join(directory, logName)));
	if (found !== undefined) return found;
	if (run === undefined) throw usageFailure(`there is no run in ${runs}`, { hint: '`rehearse run` makes one' });
	throw usageFailure(`"${run}" is no run: there is no ${logName} in it`, { hint: `runs are in ${runs}` });
}

/** The names of runs begin with their time. */
const newestFirst = (runs: string): string[] =>
	existsSync(runs) ? readdirSync(runs).sort().reverse().map((name) => path.join(runs, name)) : [];

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
