/** Finds and reads earlier runs, and imported ones. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { manifestName } from '../bundle/manifest.js';
import { usageFailure } from '../base/errors.js';
import { openRegular } from '../base/files.js';
import { formatBytes } from '../base/format.js';
import { LineSplitter } from '../base/lines.js';
import { maximumLogBytes, type RunEvent } from '../lab/events.js';
import { readCopiedPlan } from '../plan/read.js';
import type { PlanSource } from '../plan/types.js';
import { eventsFromElsewhere, parseEvent } from './event-log.js';
import { eventLogPath, planDirectory } from './run-files.js';

/** Finds the directory of a run by its path or name; without one, the newest run. @throws Failure `usage` when there is none */
export function findRun(run: string | undefined, runs: string): string {
	const candidates = run === undefined ? runsNewestFirst(runs) : [path.resolve(run), path.join(runs, run)];
	const found = candidates.find((directory) => existsSync(eventLogPath(directory)));
	if (found !== undefined) return found;
	if (run === undefined) throw usageFailure(`there is no run in ${runs}`, { hint: '`rehearse run` makes one' });
	throw usageFailure(`"${run}" is not a run: it has no events.ndjson`, { hint: `runs are in ${runs}` });
}

/** The directories of all runs, newest first. Their names begin with their time. */
export const runsNewestFirst = (runs: string): string[] =>
	existsSync(runs) ? readdirSync(runs).sort().reverse().map((name) => path.join(runs, name)) : [];

/** Whether a run was imported from a bundle. */
export const isFromElsewhere = (directory: string): boolean => existsSync(path.join(directory, manifestName));

/** Reads the events of a run. @throws Failure `usage` for a file that is not an event log */
export async function readEvents(directory: string): Promise<readonly RunEvent[]> {
	if (!isFromElsewhere(directory)) return readEventLog(directory);
	const events = await readEventLog(directory, maximumStrangeEvents);
	const plan = await readPlanCopy(directory);
	return eventsFromElsewhere(events, directory, plan?.path ?? planDirectory(directory));
}

/** How many events a log may have that a stranger wrote: a log of nothing but short ones takes many times its bytes in memory. */
export const maximumStrangeEvents = 1_000_000;

/**
 * Reads the event log in a run directory line by line, but for an incomplete last one.
 * @param within the directory that the log must not lead out of by links
 * @throws Failure `usage` for a file that is not an event log, or is longer than any
 */
export async function readEventLog(directory: string, maximumEvents = Infinity, within = directory): Promise<RunEvent[]> {
	const file = eventLogPath(directory);
	const handle = await openRegular(file, within);
	if (!handle) throw usageFailure(`${file} is no regular file that can be read`);
	try {
		const { size } = await handle.stat();
		if (size > maximumLogBytes) throw usageFailure(`${file} has ${formatBytes(size)}, and ${formatBytes(maximumLogBytes)} at most are read`);
		const splitter = new LineSplitter(maximumLineBytes);
		const events: RunEvent[] = [];
		for await (const chunk of handle.createReadStream({ autoClose: false, end: maximumLogBytes, highWaterMark: 2 ** 20 })) {
			for (const line of splitter.push(chunk as Buffer)) {
				if (events.length >= maximumEvents) throw usageFailure(`${file} has more than ${maximumEvents} events`);
				events.push(parseEvent(line, file, events.length + 1));
			}
			if (splitter.skipped > 0) throw usageFailure(`${file}:${events.length + 1}: this is not an event of a run`);
		}
		return events;
	} finally {
		await handle.close();
	}
}

/** The longest line of a log, in bytes: a script's trace is in one. */
const maximumLineBytes = 64 * 2 ** 20;

/** Whether a file name is that of a plan, not of a script. */
export const isPlanName = (name: string): boolean => /\.(?:json|ya?ml)$/.test(name);

/**
 * Reads the copy of the plan in a run directory, without its scripts; undefined where there is no readable one.
 * @param within the directory that it must not lead out of by links
 */
export async function readPlanCopy(directory: string, within = directory): Promise<PlanSource | undefined> {
	const copy = planDirectory(directory);
	const names = existsSync(copy) ? readdirSync(copy).filter(isPlanName) : [];
	for (const name of names.sort()) {
		const source = await readCopiedPlan(path.join(copy, name), within).catch(() => undefined);
		if (source?.document) return source;
	}
	return undefined;
}
