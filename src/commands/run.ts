import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { usageFailure, type ExitCode } from '../base/errors.js';
import type { RobustnessCheck } from '../lab/events.js';
import { type Lab, requireNodes } from '../lab/lab.js';
import type { AcceleratorChoice } from '../machine/accelerator.js';
import { exitCodeOf, resultJson, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import type { Keep } from '../protocol/run-spec.js';
import { rehearse, type RehearseOptions } from '../rehearse/rehearse.js';
import { rehearseOrders, type Shuffle } from '../rehearse/shuffle.js';
import { annotationsOf } from '../report/annotations.js';
import { eventLine } from '../report/plain.js';
import { summary } from '../report/summary.js';
import type { Paths } from '../runs/paths.js';
import { reportPagePath } from '../runs/run-files.js';
import { tellWorkflow } from './ci.js';
import { findPlaces } from './places.js';
import { loadPlan } from './load-lab.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';
import { startView } from './view.js';

export interface RunOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	readonly paths: Paths;
	readonly accelerator: AcceleratorChoice;
	readonly checkpoints: {
		readonly cold: boolean;
		readonly from: 'started' | undefined;
		/** Names of the nodes whose startup scripts run. An empty list means all. */
		readonly only: readonly string[];
		readonly limitBytes: number;
	};
	readonly keep: Keep;
	/** Whether to save the machines when the run has not passed. */
	readonly saveFailed: boolean;
	/** Whether startup scripts are traced. */
	readonly trace: boolean;
	readonly robustness: readonly RobustnessCheck[];
	/** The other orders of startup to rehearse. */
	readonly shuffle: Shuffle | undefined;
	readonly mirror: string | undefined;
	readonly timeLimitMs: number;
	/** Fail with an assertion that no rehearsal can judge. */
	readonly strict: boolean;
	/** Startup scripts may take so long, in seconds, where the plan says nothing. */
	readonly scriptTimeoutSeconds: number | undefined;
	/** Add OpenFactory's own default tests. */
	readonly defaultTests: boolean;
	/** Whether to print the result object instead of the summary. */
	readonly json: boolean;
	/** Path of the JUnit report to write. */
	readonly junit: string | undefined;
	/** File for a code-quality report of GitLab. */
	readonly codeQuality: string | undefined;
	/** File for the page of the run, which its directory has in any case. */
	readonly html: string | undefined;
	/** Whether declared passwords stay in what is shown and kept. */
	readonly showSecrets: boolean;
	readonly terminal: Terminal;
}

/** `rehearse run`: rehearses a lab, from the plan to the verdict, which is the exit status. */
export async function runCommand(options: RunOptions): Promise<ExitCode> {
	const { terminal, junit, codeQuality, html, json } = options;
	const { lab, planText } = await loadPlan(options.lab, terminal, options);
	const { cold, limitBytes } = options.checkpoints;
	if (options.shuffle) checkShuffle(lab, options.checkpoints);
	const checkpoints = { cold, limitBytes, started: startedNodes(lab, options.checkpoints) };
	// Find out now, not after the run, that the report cannot be written.
	for (const file of [junit, codeQuality, html]) if (file !== undefined) openReport(file);
	const stopping = stopOnSignals();
	const endGroup = terminal.workflow?.group(`rehearse run ${options.lab}`);
	const view = await startView(terminal);
	try {
		const asked: RehearseOptions = {
			lab,
			planText,
			labArgument: options.lab,
			paths: options.paths,
			accelerator: options.accelerator,
			checkpoints,
			keep: options.keep,
			saveFailed: options.saveFailed,
			scenario: true,
			trace: options.trace,
			robustness: options.robustness,
			mirror: options.mirror,
			showSecrets: options.showSecrets,
			timeLimitMs: options.timeLimitMs,
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
export function checkShuffle({ nodes }: Pick<Lab, 'nodes'>, { cold, from, only }: RunOptions['checkpoints']): void {
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
	{ cold, from, only }: Pick<RunOptions['checkpoints'], 'cold' | 'from' | 'only'>,
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
