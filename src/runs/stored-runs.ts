/** Finds and reads earlier runs, and imported ones. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestName } from '../bundle/manifest.js';
import { usageFailure } from '../base/errors.js';
import type { RunEvent } from '../lab/events.js';
import { readPlanAlone } from '../plan/read.js';
import type { PlanSource } from '../plan/types.js';
import { eventsFromElsewhere, parseEventLog } from './event-log.js';
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
	const file = eventLogPath(directory);
	const events = parseEventLog(await readFile(file, 'utf8'), file);
	if (!isFromElsewhere(directory)) return events;
	const plan = await readPlanCopy(directory);
	return eventsFromElsewhere(events, directory, plan?.path ?? planDirectory(directory));
}

/** Whether a file name is that of a plan, not of a script. */
export const isPlanName = (name: string): boolean => /\.(?:json|ya?ml)$/.test(name);

/** Reads the copy of the plan in a run directory, without its scripts; undefined where there is no readable one. */
export async function readPlanCopy(directory: string): Promise<PlanSource | undefined> {
	const copy = planDirectory(directory);
	const names = existsSync(copy) ? readdirSync(copy).filter(isPlanName) : [];
	for (const name of names.sort()) {
		const source = await readPlanAlone(path.join(copy, name)).catch(() => undefined);
		if (source?.document) return source;
	}
	return undefined;
}
