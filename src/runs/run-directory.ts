import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dir as temporaryDirectory } from 'tmp-promise';
import { isAlive } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import type { RunEvent } from '../lab/events.js';
import { eventLogPath } from './run-files.js';

/** The directory of one run. */
export interface RunDirectory {
	readonly id: string;
	/** Kept after the run: the files of ./run-files, `result.json` and `seeds/`. */
	readonly path: string;
	/** The machines' disk overlays. Removed when the run ends. */
	readonly disks: string;
	/** For Unix sockets, whose paths must be short. Private to this user, and removed when the run ends. */
	readonly sockets: string;
	/** Appends an event to the log at once, so that the log is complete even when the tool is killed. */
	log(event: RunEvent): void;
}

/** How many runs are kept. */
const keptRuns = 20;

/**
 * Makes the directory of a new run, and removes old runs except those in `spared`. The clean-up removes everything that
 * must not outlive the run.
 */
export async function createRunDirectory(
	runs: string,
	lab: string,
	cleanup: CleanupStack,
	spared: readonly string[] = [],
): Promise<RunDirectory> {
	await mkdir(runs, { recursive: true, mode: 0o700 });
	await pruneRuns(runs, keptRuns - 1, spared);
	const stamp = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '');
	const id = `${stamp}-${lab}-${randomBytes(2).toString('hex')}`;
	const directory = path.join(runs, id);
	const disks = path.join(directory, 'disks');
	cleanup.defer('disks', () => rm(disks, { recursive: true, force: true }));
	cleanup.defer('pid file', () => rm(path.join(directory, 'pid'), { force: true }));
	// Made under another name and renamed: another run that starts now would remove the disks of a run without a pid file.
	const staging = path.join(runs, `.${id}`);
	await mkdir(staging);
	await writeFile(path.join(staging, 'pid'), `${process.pid}\n`);
	for (const name of ['disks', 'consoles', 'seeds']) await mkdir(path.join(staging, name));
	await rename(staging, directory);
	const sockets = await temporaryDirectory({ prefix: 'rehearse', mode: 0o700, tmpdir: shortTemporary() });
	// tmp-promise's own clean-up fails when the supervisor has removed the directory already.
	cleanup.defer('sockets', () => rm(sockets.path, { recursive: true, force: true }));
	const events = eventLogPath(directory);
	return {
		id,
		path: directory,
		disks,
		sockets: sockets.path,
		log: (event) => appendFileSync(events, `${JSON.stringify(event)}\n`),
	};
}

/**
 * Removes all but the newest `keep` runs, and the disks of runs whose tool was killed. It leaves runs alone whose pid file
 * names a live process, and those in `spared`. Resolves to the removed directories.
 */
export async function pruneRuns(runs: string, keep: number, spared: readonly string[] = []): Promise<string[]> {
	const names = (await readdir(runs).catch(() => [])).sort().reverse();
	const removed: string[] = [];
	for (const [index, name] of names.filter((name) => !isStaging(name)).entries()) {
		const directory = path.join(runs, name);
		const pid = await readPid(directory);
		if (pid !== undefined && isAlive(pid)) continue;
		if (index < keep || spared.includes(directory)) {
			await rm(path.join(directory, 'disks'), { recursive: true, force: true });
			continue;
		}
		await rm(directory, { recursive: true, force: true });
		removed.push(directory);
	}
	for (const name of names.filter(isStaging)) {
		const directory = path.join(runs, name);
		const pid = await readPid(directory);
		// Without a pid file it is just being made.
		if (pid !== undefined && !isAlive(pid)) await rm(directory, { recursive: true, force: true });
	}
	return removed;
}

/** The directory for temporary files, or /tmp where its path is too long for a socket's (107 bytes, unix(7)). */
const shortTemporary = (): string => (os.tmpdir().length <= 60 ? os.tmpdir() : '/tmp');

/** Whether the name of a run is that of a staging directory. */
export const isStaging = (name: string): boolean => name.startsWith('.');

/** The process that a run belongs to, dead or alive; undefined when the run has ended, or is just being made. */
export async function readPid(directory: string): Promise<number | undefined> {
	const pid = Number(await readFile(path.join(directory, 'pid'), 'utf8').catch(() => ''));
	return pid > 0 ? pid : undefined;
}
