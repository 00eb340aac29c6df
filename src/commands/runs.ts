/** `rehearse runs`: the runs that are kept, one of them, and their removal. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskUsage } from '../base/disk-usage.js';
import { ExitCode, toFailure, usageFailure } from '../base/errors.js';
import { foldEvents } from '../outcome/fold.js';
import { verdictOf } from '../outcome/result.js';
import { elapsedMs } from '../outcome/state.js';
import { renderRun, renderRuns, runsObject, type StoredRun } from '../report/runs.js';
import { isStaging, readHolder } from '../runs/run-directory.js';
import { eventLogPath, reportPagePath } from '../runs/run-files.js';
import { findRun, isFromElsewhere, readEvents, runsNewestFirst } from '../runs/stored-runs.js';
import { isThere } from '../base/files.js';
import type { Terminal } from './terminal.js';

export interface RunsOptions {
	readonly action: 'list' | 'show' | 'remove';
	/** Names or directories of runs. */
	readonly names: readonly string[];
	/** The directory of all runs. */
	readonly runs: string;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor'>;
}

/** A log above this size is not read for a list; a lab that is kept running for weeks writes such. */
const maximumLogBytes = 32 * 2 ** 20;

/**
 * Lists all runs, newest first; shows one, by default the newest; or removes those that are named.
 * @throws Failure `usage` for what is no run in the directory of runs, and where one that is to be removed goes on
 */
export async function runsCommand({ action, names, runs, json, terminal: { stdout, stdoutColor: color } }: RunsOptions): Promise<ExitCode> {
	const now = Date.now();
	if (action === 'list' && names.length > 0) throw usageFailure('`rehearse runs list` takes no names', { hint: `rehearse runs show ${names.join(' ')}` });
	if (action === 'remove') {
		const directories = namedRuns(names, runs);
		const looked = await Promise.all(directories.map(look));
		const going = looked.find(({ state }) => state === 'goes on');
		if (going) throw usageFailure(`${going.name} goes on; nothing was removed`, { hint: 'end it first: rehearse down' });
		for (const directory of directories) await rm(directory, { recursive: true, force: true });
		stdout.write(json ? runsObject(looked) : renderRuns(looked, { color, now, removed: true }));
		return ExitCode.passed;
	}
	if (action === 'show') {
		const shown = await Promise.all((names.length === 0 ? [findRun(undefined, runs)] : namedRuns(names, runs)).map(look));
		stdout.write(json ? runsObject(shown) : shown.map((run) => renderRun(run, now)).join('\n'));
		return ExitCode.passed;
	}
	const all = await Promise.all(runsNewestFirst(runs).filter((directory) => !isStaging(path.basename(directory))).map(look));
	stdout.write(json ? runsObject(all) : renderRuns(all, { color, now }));
	return ExitCode.passed;
}

/** The directories of runs by their names. Only what is in the directory of runs is one: `remove` takes nothing else away. */
function namedRuns(names: readonly string[], runs: string): readonly string[] {
	if (names.length === 0) throw usageFailure('which run is to be removed?', { hint: '`rehearse runs` lists them; `rehearse prune` removes all' });
	const known = new Set(runsNewestFirst(runs));
	return [...new Set(names)].map((name) => {
		const directory = [path.join(runs, name), path.resolve(name)].find((candidate) => known.has(candidate));
		if (directory === undefined) throw usageFailure(`there is no run "${name}" in ${runs}`, { hint: '`rehearse runs` lists them' });
		return directory;
	});
}

/** Looks at the run in a directory. What cannot be read of it is named in its state. */
async function look(directory: string): Promise<StoredRun> {
	const [bytes, holder, log, hasPage] = await Promise.all([
		diskUsage(directory),
		readHolder(directory),
		stat(eventLogPath(directory)).catch(() => undefined),
		isThere(reportPagePath(directory)),
	]);
	const base = { name: path.basename(directory), directory, bytes, opened: isFromElsewhere(directory), page: hasPage ? reportPagePath(directory) : undefined };
	const unknown = { ...base, lab: '', plan: '', startedAt: undefined, ms: undefined };
	if (!log) return { ...unknown, state: holder?.isHeld ? 'goes on' : 'has no event log' };
	if (log.size > maximumLogBytes) return { ...unknown, state: holder?.isHeld ? 'goes on' : 'has a long event log' };
	try {
		const run = foldEvents(await readEvents(directory));
		const { lab, planPath, startedAt } = run;
		const ms = run.finishedMs === undefined ? undefined : elapsedMs(run);
		return { ...base, lab, plan: planPath, startedAt, ms, state: holder?.isHeld ? 'goes on' : verdictOf(run) };
	} catch (error) {
		return { ...unknown, state: `cannot be read: ${toFailure(error).message}` };
	}
}
