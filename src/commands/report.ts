
import path from 'node:path';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import type { RunEvent } from '../lab/events.js';
import { foldEvents } from '../outcome/fold.js';
import { resultJson, resultOf } from '../outcome/result.js';
import { annotationsOf } from '../report/annotations.js';
import { githubCommands } from '../report/github.js';
import { maskOfPlan } from '../report/check-result.js';
import { eventLine } from '../report/plain.js';
import { summary } from '../report/summary.js';
import { readHolder } from '../runs/run-directory.js';
import { reportPagePath } from '../runs/run-files.js';
import { isRunId } from '../runs/run-id.js';
import { findRun, readEvents } from '../runs/stored-runs.js';
import { jobSummary } from './ci.js';
import { findPlaces } from '../report/places.js';
import type { Terminal } from './terminal.js';

export type ReportFormat = 'summary' | 'json' | 'junit' | 'plain' | 'markdown' | 'code-quality' | 'github';

export interface ReportOptions {
	/** A run directory, or the name of one in `runs`; by default the last run. */
	readonly run: string | undefined;
	readonly runs: string;
	readonly format: ReportFormat;
	/** Write the page instead: to this file, or into the run's directory where it is empty. */
	readonly html?: string | undefined;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor' | 'width' | 'workflow'>;
}

/** `rehearse report`: makes a report of a run again from its event log. The exit status is 0, whatever the verdict was. */
export async function reportCommand({ run, runs, format, html, terminal }: ReportOptions): Promise<ExitCode> {
	if (html !== undefined) {
		// The flag takes the next word for its file, so the name of a run behind it would become that of a page.
		if (run === undefined && isRunId(path.basename(html))) throw usageFailure(`--html ${html}: that is the name of a run, and --html takes a file`, { hint: `rehearse report ${html} --html` });
		const directory = findRun(run, runs);
		const { writeReportPage } = await import('../page/write.js');
		const state = { ...foldEvents(await readEvents(directory)), runDirectory: directory };
		const file = html === '' ? reportPagePath(directory) : html;
		// A run masks its logs when it ends.
		const isGoingOn = (await readHolder(directory))?.isHeld === true;
		await writeReportPage(state, { file, ...(isGoingOn ? { mask: await maskOfPlan(state.planPath) } : {}) }).catch((error: unknown) => {
			throw usageFailure(`the page ${file} cannot be written: ${reasonOf(error)}`, { cause: error });
		});
		terminal.stdout.write(`${file}\n`);
		return ExitCode.passed;
	}
	const text = await render(await readEvents(findRun(run, runs)), format, terminal);
	// In a job they are meant to be obeyed.
	if (format === 'github' && terminal.workflow) terminal.workflow.command(text);
	else terminal.stdout.write(text);
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
		case 'markdown':
			return jobSummary(state);
		case 'code-quality':
		case 'github': {
			const annotations = annotationsOf(state, await findPlaces(state, process.cwd()));
			if (format === 'github') return githubCommands(annotations);
			const { codeQualityJson } = await import('../report/code-quality.js');
			return codeQualityJson(annotations, path.relative(process.cwd(), state.planPath));
		}
		case 'plain':
			return events
				.flatMap((event) => eventLine(event, events[0]?.at ?? 0) ?? [])
				.map((line) => `${line}\n`)
				.join('');
	}
}
