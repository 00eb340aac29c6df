import { existsSync } from 'node:fs';
import path from 'node:path';
import { ExitCode, usageFailure } from '../base/errors.js';
import type { ScriptOutcome } from '../lab/events.js';
import { foldEvents } from '../outcome/fold.js';
import { eventLogPath } from '../runs/run-files.js';
import type { RunState } from '../outcome/state.js';
import { renderTrace, traceJson, type NodeTrace } from '../report/trace.js';
import { findRun, readEvents, runsNewestFirst } from '../runs/stored-runs.js';
import type { Terminal } from './terminal.js';

export interface TraceOptions {
	readonly node: string;
	/** One of its startup scripts; by default all. */
	readonly script: string | undefined;
	/** The lab, as it was named for a run. */
	readonly lab: string | undefined;
	/** A run directory, or the name of one in `runs`; by default the last run with scripts of that node. */
	readonly run: string | undefined;
	readonly runs: string;
	/** Commands that take at least this long are marked slow, in milliseconds. */
	readonly slowMs: number;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor' | 'width'>;
}

/** `rehearse trace`: shows what a node's startup scripts did in a run. The exit status is 0, whether they passed or failed. */
export async function traceCommand(options: TraceOptions): Promise<ExitCode> {
	const { json, slowMs, terminal } = options;
	const found = await findTrace(options);
	const trace = { ...found, slowMs, scripts: chosenScripts(found, options.script) };
	const { stdout, stdoutColor: color, width } = terminal;
	stdout.write(json ? traceJson(trace) : renderTrace(trace, { color, width }));
	return ExitCode.passed;
}

type Found = Omit<NodeTrace, 'slowMs'>;

async function findTrace({ node, lab, run, runs }: TraceOptions): Promise<Found> {
	const seen = new Set<string>();
	for (const directory of run === undefined ? runsWithLog(runs) : [findRun(run, runs)]) {
		// Of all runs, one that cannot be read is passed over.
		const state = foldEvents(await readEvents(directory).catch((error: unknown) => (run === undefined ? [] : Promise.reject(error))));
		if (lab !== undefined && !isOfLab(state, lab)) continue;
		const scripts = finishedScripts(state, node);
		if (scripts.length > 0) return { run: directory, lab: state.lab, node, scripts };
		for (const { name } of state.nodes) if (finishedScripts(state, name).length > 0) seen.add(name);
	}
	const where = run ?? `${lab === undefined ? 'any run' : `any run of ${lab}`} in ${runs}`;
	throw usageFailure(`no startup script of ${node} has run in ${where}`, {
		hint: seen.size === 0 ? '`rehearse run` runs them' : `there are traces of ${[...seen].join(', ')}`,
	});
}

const runsWithLog = (runs: string): string[] => runsNewestFirst(runs).filter((directory) => existsSync(eventLogPath(directory)));

const isOfLab = (state: RunState, lab: string): boolean =>
	[state.lab, state.labArgument].includes(lab) || (state.labArgument !== '' && path.resolve(state.labArgument) === path.resolve(lab));

const finishedScripts = (state: RunState, node: string): readonly ScriptOutcome[] =>
	state.nodes.find(({ name }) => name === node)?.scripts.flatMap(({ outcome }) => outcome ?? []) ?? [];

function chosenScripts({ node, scripts }: Found, wanted: string | undefined): readonly ScriptOutcome[] {
	if (wanted === undefined) return scripts;
	const chosen = scripts.filter(({ script }) => script === wanted);
	if (chosen.length > 0) return chosen;
	throw usageFailure(`${node} has no startup script ${wanted} in that run`, {
		hint: `it has ${scripts.map(({ script }) => script).join(', ')}`,
	});
}
