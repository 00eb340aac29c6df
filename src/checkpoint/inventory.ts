/** Lists the checkpoints of a store, removes the remains of killed runs, and keeps the store within a size limit. */
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { isHeld, processToken, tokenOf } from '../base/alive.js';
import { diskShare } from '../base/disk-usage.js';
import type { CheckpointKind } from '../lab/events.js';
import { dropDeadLeases, endLease, isLeased, removeUnleased, touchLease } from './lease.js';
import type { Manifest } from './manifest.js';
import { readCheckpoint, type FoundCheckpoint } from './store.js';

/** A checkpoint in the store, intact or damaged. */
export interface StoredCheckpoint {
	readonly key: string;
	readonly directory: string;
	readonly found: FoundCheckpoint;
	/**
	 * Bytes on the disk, without holes. Files that it shares with other checkpoints, such as the memory that machines began
	 * with, count by their share.
	 */
	readonly bytes: number;
	/** Last use, in milliseconds since the epoch. */
	readonly usedAt: number;
	/** Whether a live process uses it. */
	readonly leased: boolean;
}

/** A directory in the store that is being written or removed, or that a killed run has left. */
export interface StagingDirectory {
	readonly path: string;
	/** Whether a live process writes it. */
	readonly isWritten: boolean;
}

const checkpointName = /^[0-9a-f]{16}$/;

/** Name of a staging directory: with the process id of its writer, or `gone` while it is being removed. */
const stagingName = new RegExp(`^\\.[0-9a-f]{16}\\.(${processToken.source}|\\d+|gone)(?:\\.|$)`);

/** All checkpoints, sorted by key. It leaves out a checkpoint that vanishes meanwhile. */
export async function listCheckpoints(store: string): Promise<StoredCheckpoint[]> {
	const stored = await Promise.all((await directoriesIn(store)).map(look));
	return stored.filter((checkpoint) => checkpoint !== undefined);
}

/** The manifests of the intact checkpoints. */
export async function listManifests(store: string): Promise<Manifest[]> {
	const found = await Promise.all((await directoriesIn(store)).map(readCheckpoint));
	return found.flatMap((one) => (one && 'checkpoint' in one ? [one.checkpoint.manifest] : []));
}

async function look(directory: string): Promise<StoredCheckpoint | undefined> {
	const [found, stats] = await Promise.all([readCheckpoint(directory), stat(directory).catch(() => undefined)]);
	if (!found || !stats) return undefined;
	const [bytes, leased] = await Promise.all([diskShare(directory), isLeased(directory)]);
	return { key: path.basename(directory), directory, found, bytes, usedAt: stats.mtimeMs, leased };
}

/** All staging directories of a store. */
export async function listStagingDirectories(store: string): Promise<StagingDirectory[]> {
	const stagingDirectories = (await namesIn(store)).map(async (name): Promise<StagingDirectory[]> => {
		const who = stagingName.exec(name)?.[1];
		const staging = path.join(store, name);
		return who === undefined ? [] : [{ path: staging, isWritten: who !== 'gone' && (await isHeld(who, staging)) }];
	});
	return (await Promise.all(stagingDirectories)).flat();
}

/** Removes what killed processes have left: unfinished checkpoints, unfinished removals, leases. */
export async function sweep(store: string): Promise<void> {
	const left = (await listStagingDirectories(store)).filter(({ isWritten }) => !isWritten);
	await Promise.all(left.map((staging) => rm(staging.path, { recursive: true, force: true }).catch(() => undefined)));
	const checkpoints = await directoriesIn(store);
	await Promise.all(checkpoints.map((directory) => dropDeadLeases(directory).catch(() => undefined)));
}

/**
 * Shows those who cannot see this process that its leases hold, and that it will fill its staging directories: another
 * process may have made these for it, and ended since.
 */
export async function refreshOwn(store: string): Promise<void> {
	const now = new Date();
	const own = (await namesIn(store)).filter((name) => stagingName.exec(name)?.[1] === tokenOf(process.pid));
	const touched = own.map((name) => utimes(path.join(store, name), now, now).catch(() => undefined));
	await Promise.all([...touched, ...(await directoriesIn(store)).map((directory) => touchLease(directory, process.pid))]);
}

/** Ends a process's leases of all checkpoints but those in `inUse`. */
export async function endOtherLeases(store: string, pid: number, inUse: readonly string[]): Promise<void> {
	const others = (await directoriesIn(store)).filter((directory) => !inUse.includes(directory));
	await Promise.all(others.map((directory) => endLease(directory, pid)));
}

/**
 * Removes the least recently used checkpoints until the others occupy at most `limitBytes`. It never removes a leased
 * checkpoint, nor one whose key is in `keep`. Resolves to the removed checkpoints.
 */
export async function boundCheckpoints(
	store: string,
	limitBytes: number,
	keep: readonly string[] = [],
): Promise<StoredCheckpoint[]> {
	const removed: StoredCheckpoint[] = [];
	const kept = [...keep];
	// One at a time: each removal raises the share of the others that had files in common with it.
	for (;;) {
		const [checkpoint] = chooseSurplus(await listCheckpoints(store), limitBytes, kept);
		if (!checkpoint) return removed;
		if (await removeUnleased(checkpoint.directory)) removed.push(checkpoint);
		kept.push(checkpoint.key);
	}
}

/** Chooses the checkpoints to remove, least recently used first, so that the others are within the limit as far as possible. */
export function chooseSurplus<T extends Pick<StoredCheckpoint, 'key' | 'bytes' | 'usedAt' | 'leased'>>(
	stored: readonly T[],
	limitBytes: number,
	keep: readonly string[] = [],
): T[] {
	let total = stored.reduce((sum, { bytes }) => sum + bytes, 0);
	const mayGo = stored.filter(({ key, leased }) => !leased && !keep.includes(key)).sort((a, b) => a.usedAt - b.usedAt);
	const surplus: T[] = [];
	for (const checkpoint of mayGo) {
		if (total <= limitBytes) break;
		surplus.push(checkpoint);
		total -= checkpoint.bytes;
	}
	return surplus;
}

/** The newest checkpoint of a node, whatever its key. Its fingerprint shows why a new key has no checkpoint yet. */
export function newestOf(
	manifests: readonly Manifest[],
	{ lab, node, kind }: { readonly lab: string; readonly node: string; readonly kind: CheckpointKind },
): Manifest | undefined {
	return manifests
		.filter((manifest) => manifest.lab === lab && manifest.kind === kind)
		.filter(({ machines }) => machines.some((machine) => machine.node === node))
		.reduce<Manifest | undefined>((newest, one) => (newest && newest.savedAt >= one.savedAt ? newest : one), undefined);
}

const directoriesIn = async (store: string): Promise<string[]> =>
	(await namesIn(store)).filter((name) => checkpointName.test(name)).map((key) => path.join(store, key));

const namesIn = async (store: string): Promise<string[]> => (await readdir(store).catch(() => [])).sort();
