import { mkdir, rename, rm } from 'node:fs/promises';
import { brokenFailure } from '../base/errors.js';
import { acquireLock } from '../process/lock.js';

export interface BuildOnceOptions<T> {
	/** The directory that is built: whole, or not there. */
	readonly directory: string;
	/** Looks for a finished one. */
	find(): Promise<T | undefined>;
	/** Fills an empty directory, which takes the place of the other once this resolves. */
	build(into: string): Promise<void>;
	/** Called when another process builds the same. */
	readonly onWait: () => void;
	readonly signal?: AbortSignal | undefined;
}

/** How long one process waits for another that builds the same, in milliseconds. */
const lockTimeoutMs = 30 * 60_000;

/** What is there, or is built: by one process, while others that want the same wait. A failed build leaves nothing. */
export async function buildOnce<T>({ directory, find, build, onWait, signal }: BuildOnceOptions<T>): Promise<T> {
	const found = await find();
	if (found) return found;
	const lock = await acquireLock(directory, { timeoutMs: lockTimeoutMs, signal, onWait });
	const staging = `${directory}.partial`;
	try {
		const builtMeanwhile = await find();
		if (builtMeanwhile) return builtMeanwhile;
		await rm(staging, { recursive: true, force: true });
		await mkdir(staging, { recursive: true });
		await build(staging);
		// What is there without being whole, such as the rest of an interrupted prune, makes room.
		await rm(directory, { recursive: true, force: true });
		await rename(staging, directory);
	} finally {
		await rm(staging, { recursive: true, force: true });
		await lock.release();
	}
	const built = await find();
	if (!built) throw brokenFailure('build-lost', `what was built is not where it was put: ${directory}`);
	return built;
}
