import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { usageFailure, type ExitCode } from '../base/errors.js';
import { type Lab, requireNodes } from '../lab/lab.js';
import { exitCodeOf, resultJson, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import type { RunCourse } from '../protocol/run-spec.js';
import { rehearse, type RehearseOptions } from '../rehearse/rehearse.js';
import { rehearseOrders, type Shuffle } from '../rehearse/shuffle.js';
import { annotationsOf } from '../report/annotations.js';
import { eventLine } from '../report/plain.js';
import { summary } from '../report/summary.js';
import { reportPagePath } from '../runs/run-files.js';
import { tellWorkflow } from './ci.js';
import { findPlaces } from './places.js';
import { loadPlan } from './load-lab.js';
import type { StartOptions } from './start-options.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';
import { startView } from './view.js';

/** Which machines are restored, and how far they had come. */
export interface RestoreOptions {
	readonly cold: boolean;
	readonly from: 'started' | undefined;
	/** Names of the nodes whose startup scripts run. An empty list means all. */
	readonly only: readonly string[];
}

/** The files that a run writes beside its own. */
export interface ReportFiles {
	/** Path of the JUnit report to write. */
	readonly junit: string | undefined;
	/** File for a code-quality report of GitLab. */
	readonly codeQuality: string | undefined;
	/** File for the page of the run, which its directory has in any case. */
	readonly html: string | undefined;
}

export interface RunOptions extends StartOptions, ReportFiles {
	readonly restore: RestoreOptions;
	readonly course: Pick<RunCourse, 'keep' | 'trace' | 'robustness'>;
	/** Whether to save the machines when the run has not passed. */
	readonly saveFailed: boolean;
	/** The other orders of startup to rehearse. */
	readonly shuffle: Shuffle | undefined;
	/** Fail with an assertion that no rehearsal can judge. */
	readonly strict: boolean;
}

/** `rehearse run`: rehearses a lab, from the plan to the verdict, which is the exit status. */
export async function runCommand(options: RunOptions): Promise<ExitCode> {
	const { terminal, paths, accelerator, mirror, limitBytes, saveFailed, timeLimitMs, json, junit, codeQuality, html } = options;
	const { lab, planText } = await loadPlan(options.lab, terminal, options);
	if (options.shuffle) checkShuffle(lab, options.restore);
	const checkpoints = { cold: options.restore.cold, limitBytes, started: startedNodes(lab, options.restore) };
	// Find out now, not after the run, that the report cannot be written.
	for (const file of [junit, codeQuality, html]) if (file !== undefined) openReport(file);
	const stopping = stopOnSignals();
	const endGroup = terminal.workflow?.group(`rehearse run ${options.lab}`);
	const view = await startView(terminal);
	try {
		const asked: RehearseOptions = {
			...{ lab, planText, labArgument: options.lab },
			...{ accelerator, checkpoints, saveFailed, mirror, paths, timeLimitMs },
			course: { ...options.course, scenario: true, showSecrets: options.showSecrets },
			onEvent: view.onEvent,
			stopping,
		};
		const plain = await rehearse(asked);
		await view.stop();
		const state = options.shuffle ? await rehearseOrders(plain, options.shuffle, shown(asked, terminal)) : plain;
		endGroup?.();
		const result = resultOf(state);
		if (junit !== undefined) {
			const { junitXml } = await import('../report/junit.js');
			writeFileSync(junit, junitXml(state));
		}
		if (html !== undefined) {
			const { writeReportPage } = await import('../page/write.js');
			await writeReportPage(state, { file: html });
		}
		const page = html ?? findPage(state.runDirectory);
		const { stdout, stdoutColor: color, width } = terminal;
		stdout.write(json ? resultJson(result) : summary(state, { color, width, page }));
		if (codeQuality !== undefined) await writeCodeQuality(codeQuality, state);
		await tellWorkflow(state, terminal);
		return exitCodeOf(result, options.strict) as ExitCode;
	} finally {
		await view.stop();
		stopping.done();
	}
}

async function writeCodeQuality(file: string, state: RunState): Promise<void> {
	const { codeQualityJson } = await import('../report/code-quality.js');
	const places = await findPlaces(state, process.cwd());
	writeFileSync(file, codeQualityJson(annotationsOf(state, places), path.relative(process.cwd(), state.planPath)));
}

/** Shows the runs of other orders as plain lines, because the live view has ended. */
const shown = (options: RehearseOptions, { stderr }: Terminal): RehearseOptions => {
	const startAt = Date.now();
	return {
		...options,
		onEvent(event) {
			const line = eventLine(event, startAt);
			if (line !== undefined) stderr.write(`${line}\n`);
		},
	};
};

/** Checks that there are orders to shuffle. @throws Failure `usage` when there are none, or the options exclude each other */
export function checkShuffle({ nodes }: Pick<Lab, 'nodes'>, { cold, from, only }: RestoreOptions): void {
	if (nodes.length < 2) throw usageFailure('--shuffle: a lab of one node has one order only');
	if (cold) throw usageFailure('--cold uses no checkpoint, --shuffle needs one: give only one of them');
	if (from !== undefined || only.length > 0) {
		throw usageFailure('--shuffle runs all startup scripts: give neither --from nor --only with it');
	}
}

/**
 * The nodes that are restored behind their startup scripts.
 * @throws Failure `usage` for an unknown node, and for options that contradict each other
 */
export function startedNodes(
	lab: { readonly nodes: readonly { readonly name: string }[] },
	{ cold, from, only }: RestoreOptions,
): readonly string[] {
	const names = lab.nodes.map(({ name }) => name);
	if (from !== undefined && only.length > 0) {
		throw usageFailure('--from started runs no startup script, --only runs those of some nodes: give only one of them');
	}
	if (cold && (from !== undefined || only.length > 0)) {
		throw usageFailure(`--cold uses no checkpoint, ${from === undefined ? '--only' : '--from'} needs one: give only one of them`);
	}
	requireNodes(only, names);
	if (from === 'started') return names;
	return only.length > 0 ? names.filter((name) => !only.includes(name)) : [];
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
		throw usageFailure(`the report ${file} cannot be written: ${(error as Error).message}`, { cause: error });
	}
}
