/** Directories that are built once: whole, or not there. */
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isHeld, keepTouched, processToken, tokenOf } from '../base/alive.js';
import { withCleanup } from '../base/cleanup.js';
import { orDiskFull } from '../base/disk-usage.js';
import { brokenFailure } from '../base/errors.js';
import { removal, startJanitor } from '../process/janitor.js';
import { acquireLock } from '../process/lock.js';
import { readSubordinateRanges } from '../process/user-namespace.js';
import { scratchBase, sweepScratch } from './scratch.js';

export interface BuildOnceOptions<T> {
	/** The directory that is built. */
	readonly directory: string;
	/** Looks for a finished one. */
	find(): Promise<T | undefined>;
	/** Fills an empty directory, which takes the place of the other once this resolves. */
	build(into: string): Promise<void>;
	/** Called when another process builds the same. */
	readonly onWait: () => void;
	readonly signal?: AbortSignal | undefined;
}

/**
 * How long one process waits for another that builds the same, in milliseconds: as long as any build takes. The lock of one that
 * is gone is free after seconds, and whoever waits has a time limit of his own.
 */
const lockTimeoutMs = 24 * 60 * 60_000;

/**
 * What is there, or is built: by one process, while others that want the same wait. It is built in a staging directory and
 * renamed, so a killed build leaves nothing that looks whole.
 */
export async function buildOnce<T>(options: BuildOnceOptions<T>): Promise<T> {
	const { directory, find, onWait, signal } = options;
	const found = await find();
	if (found) return found;
	const lock = await acquireLock(directory, { timeoutMs: lockTimeoutMs, signal, onWait });
	try {
		if (!(await find())) await buildInStaging(options);
		// Under the lock: nobody removes it before.
		const built = await find();
		if (built) return built;
	} finally {
		await lock.release();
	}
	throw brokenFailure('image-build-failed', `what was built is not where it was put: ${directory}`);
}

/** Builds under a name that no other build has, and puts what was built in its place. */
async function buildInStaging<T>({ directory, find, build }: BuildOnceOptions<T>): Promise<void> {
	const base = await scratchBase();
	await Promise.all([sweepPartials(path.dirname(directory)), sweepScratch(base, await readSubordinateRanges())]);
	await withCleanup(async (cleanup) => {
		let staging: string | undefined;
		cleanup.defer('unfinished build', async () => {
			if (staging !== undefined) await rm(staging, { recursive: true, force: true });
		});
		staging = await mkdtemp(`${directory}.partial-${tokenOf()}-`);
		keepTouched(staging, cleanup);
		await startJanitor('janitor of the unfinished build', removal(staging), cleanup);
		await chmod(staging, 0o755);
		await orDiskFull(build(staging), `${path.dirname(directory)} or ${base}`);
		// A laptop that slept may have lost its lock, and another run has built the same meanwhile: machines may read that one.
		while (!(await find()) && !(await moved(staging, directory))) {
			// What is there without being whole, such as the rest of an interrupted prune, makes room.
			await rename(directory, path.join(staging, 'rest')).catch(() => undefined);
			await rm(path.join(staging, 'rest'), { recursive: true, force: true });
		}
	});
}

/** Renames a directory onto a name that is free, or that of an empty one. Resolves to whether it was. */
async function moved(from: string, to: string): Promise<boolean> {
	try {
		await rename(from, to);
		return true;
	} catch (error) {
		if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		return false;
	}
}

/** Removes what builds that are dead had not finished. */
async function sweepPartials(store: string): Promise<void> {
	const partials = (await readdir(store).catch(() => [])).filter((name) => name.includes('.partial'));
	for (const name of partials) {
		const partial = path.join(store, name);
		if (!(await isHeld(processToken.exec(name)?.[0] ?? '', partial))) await rm(partial, { recursive: true, force: true });
	}
}
