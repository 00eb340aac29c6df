/** The running labs of this user on this machine. A file in each run directory says how to reach its lab. */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from '../base/alive.js';
import { readBootId } from '../base/proc.js';
import type { CleanupStack } from '../base/cleanup.js';
import { usageFailure } from '../base/errors.js';
import { readPid } from './run-directory.js';

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
	/** Start time, in milliseconds since the epoch. */
	readonly startedAt: number;
}

const fileName = 'live.json';

/** Announces a lab: commands find it until the clean-up runs. */
export async function announceLive(lab: LiveLab, cleanup: CleanupStack): Promise<void> {
	const file = path.join(lab.runDirectory, fileName);
	cleanup.defer('announcement', () => rm(file, { force: true }));
	// Process ids begin anew with each boot of the host. After a power failure this file is left, but the lab is not.
	await writeFile(`${file}.new`, JSON.stringify({ boot: await readBootId(), ...lab }));
	await rename(`${file}.new`, file);
}

/** Finds the running labs, oldest first. It ignores what killed processes have left. */
export async function findLiveLabs(runs: string): Promise<readonly LiveLab[]> {
	const directories = (await readdir(runs).catch(() => [])).sort().map((name) => path.join(runs, name));
	const found = await Promise.all(directories.map(readLive));
	return found.filter((lab) => lab !== undefined);
}

async function readLive(directory: string): Promise<LiveLab | undefined> {
	const pid = await readPid(directory);
	if (pid === undefined || !isAlive(pid)) return undefined;
	const text = await readFile(path.join(directory, fileName), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	const { boot, ...lab } = JSON.parse(text) as LiveLab & { readonly boot: string };
	return boot === (await readBootId()) ? lab : undefined;
}

/**
 * Chooses a lab by its name, by its plan's name, or by the name of its run directory; without a name, the only one. A
 * detached lab takes precedence over a rehearsal.
 * @throws Failure `usage` when no lab or several labs match; it names those that are up
 */
export function chooseLiveLab(labs: readonly LiveLab[], name: string | undefined): LiveLab {
	const isCalled = (lab: LiveLab) => [lab.name, lab.labArgument, path.basename(lab.runDirectory)].includes(name ?? lab.name);
	const matching = labs.filter(isCalled);
	const detached = matching.filter(({ isUp }) => isUp);
	const [first, ...others] = detached.length > 0 ? detached : matching;
	const names = labs.map((lab) => lab.name).join(', ');
	if (!first) {
		throw usageFailure(name === undefined || labs.length === 0 ? 'no lab is up' : `no lab '${name}' is up`, {
			hint: labs.length === 0 ? '`rehearse up` brings one up' : `up are ${names}`,
		});
	}
	if (others.length > 0) {
		const runs = [first, ...others].map(({ runDirectory }) => path.basename(runDirectory)).join(', ');
		throw usageFailure(`several labs are up: ${names}`, { hint: `choose one by its name or its run: ${runs}` });
	}
	return first;
}
