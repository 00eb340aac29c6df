/** The running labs of this user on this machine. A file in each run directory has how to reach its lab. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { lifeOf } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { usageFailure, type Failure } from '../base/errors.js';
import { replaceFile } from '../base/files.js';
import { isStaging, readHolder } from './run-directory.js';

/** A running lab. */
export interface LiveLab {
	readonly name: string;
	/** How the person named its plan, and the plan's path. */
	readonly labArgument: string;
	readonly planPath: string;
	/** The nodes that were started. */
	readonly nodes: readonly string[];
	/** Whether it was detached (`rehearse up`). Otherwise it is a rehearsal, which ends by itself. */
	readonly isUp: boolean;
	/** The directory of the imported run whose lab this is. */
	readonly imported?: string;
	readonly runDirectory: string;
	readonly sockets: string;
	readonly controlSocket: string;
	/** Process id of the lab daemon, or of the rehearsal. */
	readonly pid: number;
	/** The same process as base/alive.ts has it: a number alone may be somebody else's by now. */
	readonly token: string;
	/** Where that process writes what it has no other place for. */
	readonly log?: string;
	/** Start time, in milliseconds since the epoch. */
	readonly startedAt: number;
}

/** The file that has how to reach the lab of a run. */
export const liveFile = (runDirectory: string): string => path.join(runDirectory, 'live.json');

/** Announces a lab: commands find it until the clean-up runs. */
export async function announceLive(lab: LiveLab, cleanup: CleanupStack): Promise<void> {
	const file = liveFile(lab.runDirectory);
	cleanup.defer('announcement', () => rm(file, { force: true }));
	await replaceFile(file, JSON.stringify(lab));
}

/** Finds the running labs, oldest first. It ignores what killed processes have left. */
export async function findLiveLabs(runs: string): Promise<readonly LiveLab[]> {
	const directories = (await readdir(runs).catch(() => [])).sort().map((name) => path.join(runs, name));
	const found = await Promise.all(directories.map(readLive));
	return found.filter((lab) => lab !== undefined);
}

async function readLive(directory: string): Promise<LiveLab | undefined> {
	const holder = await readHolder(directory);
	if (!holder || lifeOf(holder.token) !== 'alive') return undefined;
	const text = await readFile(liveFile(directory), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	const lab = JSON.parse(text) as LiveLab;
	// What another process has left in it is of an earlier lab.
	return lab.token === holder.token ? lab : undefined;
}

/** Names of runs that go on where this process cannot see them: in another container, or on another host with this home. */
export async function findUnseenRuns(runs: string): Promise<readonly string[]> {
	const names = (await readdir(runs).catch(() => [])).filter((name) => !isStaging(name)).sort();
	const unseen = names.map(async (name) => {
		const holder = await readHolder(path.join(runs, name));
		return holder?.isHeld && lifeOf(holder.token) === 'unknown' ? [name] : [];
	});
	return (await Promise.all(unseen)).flat();
}

/** Whether the process of a lab still lives. */
export const isKept = ({ token }: Pick<LiveLab, 'token'>): boolean => lifeOf(token) === 'alive';

/** Whether a person means this lab by a name: its own, its plan's, or that of its run directory. */
export const isCalled = (lab: LiveLab, name: string): boolean => [lab.name, lab.labArgument, path.basename(lab.runDirectory)].includes(name);

/** Nothing that is up is called so, or nothing is up. */
export const noSuchLab = (labs: readonly LiveLab[], name: string | undefined): Failure =>
	usageFailure(name === undefined || labs.length === 0 ? 'no lab is up' : `no lab '${name}' is up`, {
		hint: labs.length === 0 ? '`rehearse up` brings one up' : `up are ${labs.map((lab) => lab.name).join(', ')}`,
	});

/**
 * Chooses a lab by its name, by its plan's name, or by the name of its run directory; without a name, the only one. A
 * detached lab takes precedence over a rehearsal.
 * @throws Failure `usage` when no lab or several labs match; it names those that are up
 */
export function chooseLiveLab(labs: readonly LiveLab[], name: string | undefined): LiveLab {
	const matching = name === undefined ? labs : labs.filter((lab) => isCalled(lab, name));
	const detached = matching.filter(({ isUp }) => isUp);
	const [first, ...others] = detached.length > 0 ? detached : matching;
	if (!first) throw noSuchLab(labs, name);
	if (others.length > 0) {
		const runs = [first, ...others].map(({ runDirectory }) => path.basename(runDirectory)).join(', ');
		throw usageFailure(`several labs are up: ${labs.map((lab) => lab.name).join(', ')}`, { hint: `choose one by its name or its run: ${runs}` });
	}
	return first;
}
