/** Labs that were to be kept running, and whose process ended without anybody having asked for it. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { liveFile, type LiveLab } from './live-labs.js';
import { isStaging, readHolder } from './run-directory.js';

/** A lab that ended by itself. */
export interface EndedLab {
	readonly name: string;
	readonly runDirectory: string;
	/** What its process wrote, where that is known. */
	readonly log?: string | undefined;
	/** What is known of why, where something is. */
	readonly message?: string | undefined;
}

const crashFile = (runDirectory: string): string => path.join(runDirectory, 'crash.json');

/** Records that a lab ended with a fault of its process. */
export const writeCrash = (runDirectory: string, crash: Omit<EndedLab, 'runDirectory'>): Promise<void> =>
	writeFile(crashFile(runDirectory), JSON.stringify(crash), { mode: 0o600 });

/** Forgets that a lab ended by itself: somebody has seen the report. */
export const forgetEnded = async ({ runDirectory }: EndedLab): Promise<void> => {
	for (const file of [crashFile(runDirectory), liveFile(runDirectory)]) await rm(file, { force: true });
};

/** The labs that ended by themselves and are not forgotten, oldest first. */
export async function findEndedLabs(runs: string): Promise<readonly EndedLab[]> {
	const names = (await readdir(runs).catch(() => [])).filter((name) => !isStaging(name)).sort();
	const found = await Promise.all(names.map((name) => readEnded(path.join(runs, name))));
	return found.filter((lab) => lab !== undefined);
}

async function readEnded(runDirectory: string): Promise<EndedLab | undefined> {
	const crash = await readJson<EndedLab>(crashFile(runDirectory));
	if (crash) return { ...crash, runDirectory };
	// A process that was killed has left the file that has how to reach its lab.
	if ((await readHolder(runDirectory))?.isHeld) return undefined;
	const live = await readJson<LiveLab>(liveFile(runDirectory));
	return live?.isUp ? { name: live.name, runDirectory, log: live.log } : undefined;
}

const readJson = async <T>(file: string): Promise<T | undefined> => {
	try {
		return JSON.parse(await readFile(file, 'utf8')) as T;
	} catch {
		return undefined;
	}
};
