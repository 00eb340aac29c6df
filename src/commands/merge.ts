/** `rehearse merge`: the verdict of shards, as if one machine had done all of the work. */
import { writeFileSync } from 'node:fs';
import { ExitCode, reasonOf } from '../base/errors.js';
import { toolVersion } from '../base/package-root.js';
import { exitCodeOf, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { mergeShards, type MergedLab } from '../shard/merge.js';
import type { LabWork } from '../shard/units.js';
import { findShards, readShard } from '../shard/store.js';
import { filesOf, openReportsOf, reportRun, withoutPlaces, type ReportRunOptions } from './run-reports.js';
import type { Terminal } from './terminal.js';

export interface MergeOptions extends ReportRunOptions {
	/** Directories of shards, or directories that hold some. */
	readonly shards: readonly string[];
	/** File for how long each unit took, for `--times` of the next shards. */
	readonly times: string | undefined;
	/** The work that was given out, where this program has done that. */
	readonly expected?: readonly LabWork[];
	/** Whether this process has rehearsed the shards, so that their runs are kept where they were made. */
	readonly isOwn?: boolean;
}

/** Merges shards and reports each lab. The exit status is the highest of all labs; 2 where only the times cannot be written. */
export async function mergeCommand({ shards, times, expected, isOwn, ...options }: MergeOptions): Promise<ExitCode> {
	const merged = mergeShards(await Promise.all((await findShards(shards)).map((directory) => readShard(directory, isOwn))), { version: toolVersion(), ...(expected && { work: expected }) });
	const isOne = merged.length === 1;
	const labs = merged.map(({ lab }) => lab);
	openReportsOf(labs, options);
	const ofLab = (lab: string): ReportRunOptions => ({ ...options, ...filesOf(lab, labs, options), json: options.json && isOne });
	const terminal = options.json && !isOne ? { ...options.terminal, stdout: { write: () => true } } : options.terminal;
	let worst: number = ExitCode.passed;
	for (const { lab, state } of merged) worst = Math.max(worst, await reportRun(state, { ...ofLab(lab), terminal }));
	if (options.json && !isOne) {
		const states = merged.map(({ state }) => (options.isTemporary ? withoutPlaces(state) : state));
		options.terminal.stdout.write(`${JSON.stringify(resultOfAll(states), undefined, '\t')}\n`);
	}
	if (times === undefined || writeTimes(times, merged, options.terminal)) return worst as ExitCode;
	return worst === ExitCode.passed ? ExitCode.usage : (worst as ExitCode);
}

/** The results of several labs in one object. */
const resultOfAll = (states: readonly RunState[]): object => {
	const labs = states.map(resultOf);
	const worst = labs.reduce((before, result) => (exitCodeOf(result) > exitCodeOf(before) ? result : before));
	return { schema: 1, verdict: worst.verdict, labs };
};

/** Writes how long each unit took. Where it cannot, it says so, returns false, and costs nobody the verdict. */
function writeTimes(file: string, merged: readonly MergedLab[], { stderr }: Pick<Terminal, 'stderr'>): boolean {
	try {
		writeFileSync(file, `${JSON.stringify(Object.assign({}, ...merged.map(({ times }) => times)), undefined, '\t')}\n`);
		return true;
	} catch (cause) {
		stderr.write(`rehearse: --times ${file} cannot be written: ${reasonOf(cause)}\n`);
		return false;
	}
}
