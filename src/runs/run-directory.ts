import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dir as temporaryDirectory } from 'tmp-promise';
import { isHeld, pidOf, tokenOf, unseenMs } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { usageFailure } from '../base/errors.js';
import { replaceFile } from '../base/files.js';
import { formatBytes } from '../base/format.js';
import { maximumLogBytes, type RunEvent } from '../lab/events.js';
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
export const keptRuns = 20;

/**
 * Makes the directory of a new run under the name `id`, and removes old runs except those in `spared`. The clean-up removes everything that
 * must not outlive the run.
 */
export async function createRunDirectory(
	runs: string,
	id: string,
	cleanup: CleanupStack,
	spared: readonly string[] = [],
): Promise<RunDirectory> {
	await mkdir(runs, { recursive: true, mode: 0o700 });
	await pruneRuns(runs, keptRuns - 1, spared);
	const directory = path.join(runs, id);
	// Before any clean-up is registered, which would be that of the other run.
	if (existsSync(directory)) throw usageFailure(`there is a run ${id} already`);
	const disks = path.join(directory, 'disks');
	cleanup.defer('disks', () => rm(disks, { recursive: true, force: true }));
	cleanup.defer('pid file', () => rm(holderFile(directory), { force: true }));
	// Made under another name and renamed: another run that starts now would remove the disks of a run without a pid file.
	const staging = path.join(runs, `.${id}`);
	await mkdir(staging);
	await writeHolder(staging);
	for (const name of ['disks', 'consoles', 'seeds']) await mkdir(path.join(staging, name));
	await rename(staging, directory);
	const sockets = await temporaryDirectory({ prefix: 'rehearse', mode: 0o700, tmpdir: shortTemporary() });
	// tmp-promise's own clean-up fails when the supervisor has removed the directory already.
	cleanup.defer('sockets', () => rm(sockets.path, { recursive: true, force: true }));
	const events = eventLogPath(directory);
	let logged = 0;
	return {
		id,
		path: directory,
		disks,
		sockets: sockets.path,
		log(event) {
			const line = `${JSON.stringify(event)}\n`;
			logged += Buffer.byteLength(line);
			// A lab may be kept running for weeks, and the log has an event for much that its machines do.
			if (logged > maximumLogBytes) throw new Error(`it has ${formatBytes(maximumLogBytes)}`);
			appendFileSync(events, line);
		},
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
		if ((await readHolder(directory))?.isHeld) continue;
		if (index < keep || spared.includes(directory)) {
			await rm(path.join(directory, 'disks'), { recursive: true, force: true });
			continue;
		}
		await rm(directory, { recursive: true, force: true });
		removed.push(directory);
	}
	for (const name of names.filter(isStaging)) {
		const directory = path.join(runs, name);
		if (!((await readHolder(directory))?.isHeld ?? (await isBeingMade(directory)))) await rm(directory, { recursive: true, force: true });
	}
	return removed;
}

/** The directory for temporary files, or /tmp where its path is too long for a socket's (107 bytes, unix(7)). */
const shortTemporary = (): string => (os.tmpdir().length <= 60 ? os.tmpdir() : '/tmp');

/** Whether the name of a run is that of a staging directory. */
export const isStaging = (name: string): boolean => name.startsWith('.');

/** Whether a run without a process is this very moment being made. What is older was being made when the power failed. */
export async function isBeingMade(directory: string): Promise<boolean> {
	if (!isStaging(path.basename(directory))) return false;
	// One that is gone has its own name by now.
	const madeAt = await stat(directory).then(({ mtimeMs }) => mtimeMs, () => Infinity);
	return Date.now() - madeAt < unseenMs;
}

/** The process that a run belongs to. */
export interface Holder {
	readonly token: string;
	readonly pid: number;
	/** Whether the run goes on, as far as that can be seen from here. */
	readonly isHeld: boolean;
}

/** The file that names it. */
export const holderFile = (directory: string): string => path.join(directory, 'pid');

/** Records that a run, or what is to become one, is this process's. A link of that name is replaced, and not followed. */
export const writeHolder = (directory: string): Promise<void> => replaceFile(holderFile(directory), `${tokenOf()}\n`);

/** The process that a run belongs to; `undefined` when the run is over, or is only just being made. */
export async function readHolder(directory: string): Promise<Holder | undefined> {
	const file = holderFile(directory);
	const token = (await readFile(file, 'utf8').catch(() => '')).trim();
	return token === '' ? undefined : { token, pid: pidOf(token), isHeld: await isHeld(token, file) };
}
