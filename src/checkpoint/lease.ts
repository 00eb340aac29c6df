/**
 * Leases keep pruning away from a checkpoint that somebody runs from. One is a file `in-use.<token>` in the checkpoint's
 * directory, and holds while the process of that token lives (base/alive.ts). To be used where the host's processes are
 * visible.
 */
import { access, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isHeld, tokenOf } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { manifestName } from './manifest.js';
import { discardCheckpoint } from './store.js';

const leaseName = /^in-use\.([0-9a-f-]+)$/;

/** The name of a checkpoint's manifest while it is being decided whether the checkpoint may be removed. */
const withdrawnName = `${manifestName}.withdrawn`;

/**
 * Leases a checkpoint until `pid` dies or the clean-up runs. Resolves to whether the checkpoint exists and the lease
 * protects it.
 */
export async function leaseCheckpoint(directory: string, pid: number, cleanup: CleanupStack): Promise<boolean> {
	const lease = leaseFile(directory, pid);
	cleanup.defer(`lease of checkpoint ${path.basename(directory)}`, () => endLease(directory, pid));
	try {
		await writeFile(lease, '');
		// Here the lease is written before the manifest is looked for; `removeUnleased` renames the manifest before it
		// looks for leases. So one of the two always notices the other.
		await access(path.join(directory, manifestName));
		return true;
	} catch {
		await endLease(directory, pid);
		return false;
	}
}

const leaseFile = (directory: string, pid: number): string => path.join(directory, `in-use.${tokenOf(pid)}`);

/** Renews the time of a process's lease, where it has one; that is no use of the checkpoint. */
export async function touchLease(directory: string, pid: number): Promise<void> {
	const now = new Date();
	await utimes(leaseFile(directory, pid), now, now).catch(() => undefined);
}

/** Ends a process's lease, if it has one. */
export const endLease = (directory: string, pid: number): Promise<void> => rm(leaseFile(directory, pid), { force: true });

/**
 * Withdraws a checkpoint that turned out to be useless: nobody finds it any more. It is removed at once, unless a process
 * other than the caller leases it, whose lab may restart machines from its files. Then only the manifest is removed; the
 * files go when somebody looks for the checkpoint, or is about to make it, after that process has ended. Every lease counts,
 * even that of a dead process, so that this works where the host's processes are not visible.
 */
export async function withdrawCheckpoint(directory: string): Promise<void> {
	if ((await leasesOf(directory)).length > 1) await rm(path.join(directory, manifestName), { force: true });
	else await discardCheckpoint(directory);
}

/** Whether a live process leases a checkpoint. */
export async function isLeased(directory: string): Promise<boolean> {
	return (await leasesOf(directory)).some(({ holds }) => holds);
}

/** Removes a checkpoint that nobody leases. Resolves to whether it was removed. */
export async function removeUnleased(directory: string): Promise<boolean> {
	if (await isLeased(directory)) return false;
	const [manifest, withdrawn] = [path.join(directory, manifestName), path.join(directory, withdrawnName)];
	// A damaged checkpoint may lack its manifest.
	await rename(manifest, withdrawn).catch(() => undefined);
	if (await isLeased(directory)) {
		await rename(withdrawn, manifest).catch(() => undefined);
		return false;
	}
	await discardCheckpoint(directory);
	return true;
}

/**
 * Removes the leases of dead processes, before other processes get their ids. This does not count as a use of the
 * checkpoint.
 */
export async function dropDeadLeases(directory: string): Promise<void> {
	const dead = (await leasesOf(directory)).filter(({ holds }) => !holds);
	if (dead.length === 0) return;
	const { atime, mtime } = await stat(directory);
	for (const { file } of dead) await rm(file, { force: true });
	await utimes(directory, atime, mtime);
}

interface Lease {
	readonly file: string;
	/** Whether its process lives. */
	readonly holds: boolean;
}

async function leasesOf(directory: string): Promise<Lease[]> {
	const names = await readdir(directory).catch(() => []);
	const leases = names.map(async (name): Promise<Lease[]> => {
		const token = leaseName.exec(name)?.[1];
		if (token === undefined) return [];
		const file = path.join(directory, name);
		return [{ file, holds: await isHeld(token, file) }];
	});
	return (await Promise.all(leases)).flat();
}
