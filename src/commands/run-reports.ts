/** What `run` and `merge` leave of a run: its summary or result, and files for programs and people. */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { exitCodeOf, resultJson, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { annotationsOf } from '../report/annotations.js';
import { summary } from '../report/summary.js';
import { reportPagePath } from '../runs/run-files.js';
import { annotateWorkflow } from './ci.js';
import { findPlaces } from '../report/places.js';
import type { Terminal } from './terminal.js';

/** The files that a run writes beside its own. */
export interface ReportFiles {
	/** Path of the JUnit report to write. */
	readonly junit: string | undefined;
	/** File for a code-quality report of GitLab. */
	readonly codeQuality: string | undefined;
	/** File for the page of the run, which its directory has in any case. */
	readonly html: string | undefined;
}

/** Finds out before a run that its reports can be written. @throws Failure `usage` where not */
export function openReports({ junit, codeQuality, html }: ReportFiles): void {
	for (const file of [junit, codeQuality, html]) if (file !== undefined) openReport(file);
}

/** The files of one of some labs: with its name in them, where there are several, so that `report.xml` is `report-web.xml`. */
export function filesOf(lab: string, labs: readonly string[], { junit, codeQuality, html }: ReportFiles): ReportFiles {
	const named = (file: string | undefined) => {
		if (file === undefined || labs.length === 1) return file;
		const { dir, name, ext } = path.parse(file);
		return path.join(dir, `${name}-${lab}${ext}`);
	};
	return { junit: named(junit), codeQuality: named(codeQuality), html: named(html) };
}

/** Finds out before any of some labs is rehearsed that the reports of all can be written. @throws Failure `usage` where not */
export function openReportsOf(labs: readonly string[], files: ReportFiles): void {
	for (const lab of labs) openReports(filesOf(lab, labs, files));
}

export interface ReportRunOptions extends ReportFiles {
	/** Whether to print the result object instead of the summary. */
	readonly json: boolean;
	/** Fail with an assertion that no rehearsal can judge. */
	readonly strict: boolean;
	readonly terminal: Terminal;
	/** Whether the run's directory is gone once this is reported: nothing leads there then. */
	readonly isTemporary?: boolean;
}

/** A run whose directories are of no use to who reads about it. */
export function withoutPlaces(state: RunState): RunState {
	const { shuffle, ...others } = state.robustness;
	const orders = shuffle?.orders.map((order) => ({ ...order, runDirectory: '' }));
	return { ...state, runDirectory: '', robustness: { ...others, ...(shuffle && orders && { shuffle: { ...shuffle, orders } }) } };
}

/** Reports a run, to files first. Resolves to the exit status that its verdict asks for. */
export async function reportRun(run: RunState, { junit, codeQuality, html, json, strict, terminal, isTemporary }: ReportRunOptions): Promise<ExitCode> {
	const state = isTemporary ? withoutPlaces(run) : run;
	const result = resultOf(state);
	if (junit !== undefined) {
		const { junitXml } = await import('../report/junit.js');
		writeFileSync(junit, junitXml(state));
	}
	if (html !== undefined) {
		const { writeReportPage } = await import('../page/write.js');
		// The ends of consoles and journals are in the directory, for as long as it is there.
		await writeReportPage(state, { file: html, logsIn: run.runDirectory });
	}
	const page = html ?? findPage(state.runDirectory);
	const { stdout, stdoutColor: color, width } = terminal;
	stdout.write(json ? resultJson(result) : summary(state, { color, width, page }));
	if (codeQuality !== undefined) await writeCodeQuality(codeQuality, state);
	await annotateWorkflow(state, terminal);
	return exitCodeOf(result, strict) as ExitCode;
}

async function writeCodeQuality(file: string, state: RunState): Promise<void> {
	const { codeQualityJson } = await import('../report/code-quality.js');
	const places = await findPlaces(state, process.cwd());
	writeFileSync(file, codeQualityJson(annotationsOf(state, places), path.relative(process.cwd(), state.planPath)));
}

/** The page in the run's directory, where it could be written. */
function findPage(runDirectory: string): string | undefined {
	const file = reportPagePath(runDirectory);
	return runDirectory !== '' && existsSync(file) ? file : undefined;
}

function openReport(file: string): void {
	try {
		appendFileSync(file, '');
	} catch (error) {
		throw usageFailure(`the report ${file} cannot be written: ${reasonOf(error)}`, { cause: error });
	}
}
