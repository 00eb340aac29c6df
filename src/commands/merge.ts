/** `rehearse merge`: the verdict of shards, as if one machine had done all of the work. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { toolVersion } from '../base/package-root.js';
import { exitCodeOf, resultOf } from '../outcome/result.js';
import { mergeShards, type MergedLab } from '../shard/merge.js';
import type { LabWork } from '../shard/units.js';
import { findShards, readShard } from '../shard/store.js';
import { openReports, reportRun, type ReportFiles, type ReportRunOptions } from './run-reports.js';

export interface MergeOptions extends ReportRunOptions {
	/** Directories of shards, or directories that hold some. */
	readonly shards: readonly string[];
	/** File for how long each unit took, for `--times` of the next shards. */
	readonly times: string | undefined;
	/** The work that was given out, where this program has done that. */
	readonly expected?: readonly LabWork[];
}

/** Merges shards and reports each lab. The exit status is the highest of all labs. */
export async function mergeCommand({ shards, times, expected, ...options }: MergeOptions): Promise<ExitCode> {
	const merged = mergeShards(await Promise.all((await findShards(shards)).map(readShard)), { version: toolVersion(), ...(expected && { work: expected }) });
	const isOne = merged.length === 1;
	const ofLab = (lab: string): ReportRunOptions => (isOne ? options : { ...options, ...filesOf(lab, options), json: false });
	for (const { lab } of merged) openReports(ofLab(lab));
	if (times !== undefined) writeTimes(times, merged);
	const terminal = options.json && !isOne ? { ...options.terminal, stdout: { write: () => true } } : options.terminal;
	let worst: number = ExitCode.passed;
	for (const { lab, state } of merged) worst = Math.max(worst, await reportRun(state, { ...ofLab(lab), terminal }));
	if (options.json && !isOne) options.terminal.stdout.write(`${JSON.stringify(resultOfAll(merged), undefined, '\t')}\n`);
	return worst as ExitCode;
}

/** The results of several labs in one object. */
const resultOfAll = (merged: readonly MergedLab[]): object => {
	const labs = merged.map(({ state }) => resultOf(state));
	const worst = labs.reduce((before, result) => (exitCodeOf(result) > exitCodeOf(before) ? result : before));
	return { schema: 1, verdict: worst.verdict, labs };
};

/** The same files with the name of the lab in them: `report.xml` is `report-web.xml`. */
function filesOf(lab: string, { junit, codeQuality, html }: ReportFiles): ReportFiles {
	const named = (file: string | undefined) => {
		if (file === undefined) return undefined;
		const { dir, name, ext } = path.parse(file);
		return path.join(dir, `${name}-${lab}${ext}`);
	};
	return { junit: named(junit), codeQuality: named(codeQuality), html: named(html) };
}

function writeTimes(file: string, merged: readonly MergedLab[]): void {
	try {
		writeFileSync(file, `${JSON.stringify(Object.assign({}, ...merged.map(({ times }) => times)), undefined, '\t')}\n`);
	} catch (cause) {
		throw usageFailure(`--times ${file} cannot be written: ${reasonOf(cause)}`, { cause });
	}
}
