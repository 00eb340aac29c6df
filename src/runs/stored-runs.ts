/** Finding and reading the runs that are kept, and those of others that were opened here. */
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

/**
 * The directory of a run: that of the path or the name given, the newest one otherwise.
 * @throws Failure `usage` when there is none
 */
export function findRun(run: string | undefined, runs: string): string {
	const candidates = run === undefined ? runsNewestFirst(runs) : [path.resolve(run), path.join(runs, run)];
	const found = candidates.find((directory) => existsSync(eventLogPath(directory)));
	if (found !== undefined) return found;
	if (run === undefined) throw usageFailure(`there is no run in ${runs}`, { hint: '`rehearse run` makes one' });
	throw usageFailure(`"${run}" is no run: there is no events.ndjson in it`, { hint: `runs are in ${runs}` });
}

/** The directories of all runs; their names begin with their time. */
export const runsNewestFirst = (runs: string): string[] =>
	existsSync(runs) ? readdirSync(runs).sort().reverse().map((name) => path.join(runs, name)) : [];

/** Whether a run was rehearsed elsewhere and came here in a bundle. */
export const isFromElsewhere = (directory: string): boolean => existsSync(path.join(directory, manifestName));

/** The events of a run. @throws Failure `usage` for a log that is none */
export async function readEvents(directory: string): Promise<readonly RunEvent[]> {
	const file = eventLogPath(directory);
	const events = parseEventLog(await readFile(file, 'utf8'), file);
	if (!isFromElsewhere(directory)) return events;
	const plan = await readPlanCopy(directory);
	return eventsFromElsewhere(events, directory, plan?.path ?? planDirectory(directory));
}

/** Whether a file may be a plan, and is no script of it. */
export const isPlanName = (name: string): boolean => /\.(?:json|ya?ml)$/.test(name);

/** The copy of its plan that a run keeps, without its scripts; nothing where there is none that could be read. */
export async function readPlanCopy(directory: string): Promise<PlanSource | undefined> {
	const copy = planDirectory(directory);
	const names = existsSync(copy) ? readdirSync(copy).filter(isPlanName) : [];
	for (const name of names.sort()) {
		const source = await readPlanAlone(path.join(copy, name)).catch(() => undefined);
		if (source?.document) return source;
	}
	return undefined;
}
