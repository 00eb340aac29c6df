/**
 * Checkpoints on the disk. Each is a directory named by its key, built in a staging directory and renamed, and never written to again but
 * for leases. Asides are `.<key>.<token of the run's process>.…`; what is being removed is `.<key>.gone.…`; so neither has ever the
 * name of a checkpoint, and what a killed process leaves of them is known for what it is.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { keepTouched, tokenOf } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure } from '../base/errors.js';
import { isThere, replaceFile } from '../base/files.js';
import { readBootId } from '../base/proc.js';
import { verifyFile } from './digest.js';
import { machineFiles, manifestName, parseManifest, type Damaged, type Manifest } from './manifest.js';

/** A checkpoint with an intact manifest. Its other files have not been checked. */
export interface Checkpoint {
	/** The directory with its files. */
	readonly directory: string;
	readonly manifest: Manifest;
}

export type FoundCheckpoint = { readonly checkpoint: Checkpoint } | Damaged;

/** Finds the checkpoint of a key, and marks it as used now. */
export async function findCheckpoint(store: string, key: string): Promise<FoundCheckpoint | undefined> {
	const directory = path.join(store, key);
	const found = await readCheckpoint(directory);
	const now = new Date();
	if (found && 'checkpoint' in found) await utimes(directory, now, now).catch(() => undefined);
	return found;
}

/** Reads a checkpoint's manifest without marking it as used. Resolves to undefined where there is no checkpoint. */
export async function readCheckpoint(directory: string): Promise<FoundCheckpoint | undefined> {
	try {
		const read = parseManifest(await readFile(path.join(directory, manifestName), 'utf8'), path.basename(directory));
		return 'manifest' in read ? { checkpoint: { directory, manifest: read.manifest } } : read;
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		if (code !== 'ENOENT') return { damaged: `${manifestName} cannot be read: ${message}` };
		return (await isThere(directory)) ? { damaged: `${manifestName} is missing` } : undefined;
	}
}

/** The name of the file that records which files were verified. */
const verifiedName = 'verified.json';

/**
 * Identifies a verified file: its inode, size and time, and the host's boot. After another boot it must be read again,
 * because only that shows what a power failure did to it.
 */
async function identityOf(file: string, boot: string): Promise<string> {
	const { ino, size, mtimeNs } = await stat(file, { bigint: true });
	return [boot, ino, size, mtimeNs].join(' ');
}

async function readVerified(directory: string): Promise<Readonly<Record<string, string>>> {
	try {
		return JSON.parse(await readFile(path.join(directory, verifiedName), 'utf8')) as Record<string, string>;
	} catch {
		return {};
	}
}

/**
 * What is wrong with the files of a checkpoint's machines; undefined when they are intact. It reads a file once in each
 * boot of the host, and again when the file was replaced or written to.
 * @param options.nodes the nodes whose machines' files are verified; all of them by default
 */
export async function verifyCheckpoint(
	{ directory, manifest }: Checkpoint,
	options: { readonly nodes?: readonly string[] | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<string | undefined> {
	const machines = manifest.machines.filter(({ node }) => options.nodes?.includes(node) ?? true);
	const names = new Set(machines.flatMap(machineFiles));
	const [boot, verified] = await Promise.all([readBootId(), readVerified(directory)]);
	const now: Record<string, string> = { ...verified };
	const reasons = await Promise.all(
		Object.entries(manifest.files)
			.filter(([name]) => names.has(name))
			.map(async ([name, digest]) => {
				const file = path.join(directory, name);
				const identity = await identityOf(file, boot).catch(() => '');
				if (identity !== '' && verified[name] === identity) return [];
				const reason = await verifyFile(file, digest, options.signal);
				if (reason !== undefined) return [`${name} ${reason}`];
				now[name] = identity;
				return [];
			}),
	);
	const [reason] = reasons.flat();
	// If the record cannot be written, only the next run verifies again.
	if (reason === undefined) await recordVerified(directory, now).catch(() => undefined);
	return reason;
}

/** Verifies a found checkpoint. Resolves to it, or to its damage. */
export async function verifyFound(found: FoundCheckpoint, options?: Parameters<typeof verifyCheckpoint>[1]): Promise<FoundCheckpoint> {
	if ('damaged' in found) return found;
	const damaged = await verifyCheckpoint(found.checkpoint, options);
	return damaged === undefined ? found : { damaged };
}

async function recordVerified(directory: string, verified: Readonly<Record<string, string>>): Promise<void> {
	const text = JSON.stringify(verified);
	if (text === JSON.stringify(await readVerified(directory))) return;
	await replaceFile(path.join(directory, verifiedName), text);
}

/**
 * Makes a staging directory for a checkpoint. The clean-up removes it unless it was published.
 * @param pid process id of the run, as the host sees it: while that process lives, no sweep removes the directory
 */
export async function beginCheckpoint(store: string, key: string, pid: number, cleanup: CleanupStack): Promise<string> {
	const staging = path.join(store, `.${key}.${tokenOf(pid)}.${randomBytes(4).toString('hex')}`);
	cleanup.defer(`unfinished checkpoint ${key}`, () => rm(staging, { recursive: true, force: true }));
	// It may be written to hours later. Another process looks after its own (runs/heartbeat.ts).
	if (pid === process.pid) keepTouched(staging, cleanup);
	// The RAM contains all secrets of its machine.
	await mkdir(staging, { recursive: true, mode: 0o700 });
	return staging;
}

/**
 * Publishes a staging directory as a checkpoint. Resolves to false when another run has published the same one first: that
 * one is kept. A staging directory that is not published is removed at once.
 * @throws Failure `checkpoint` where a damaged one has its place: whether a lab still uses that is for others to know
 *
 * It forces nothing onto the disk, because that takes seconds. The digests reveal damage by a power failure.
 */
export async function publishCheckpoint(staging: string, store: string, manifest: Manifest): Promise<boolean> {
	const place = path.join(store, manifest.key);
	try {
		await writeFile(path.join(staging, manifestName), `${JSON.stringify(manifest)}\n`);
		const boot = await readBootId();
		const names = Object.keys(manifest.files);
		const identities = await Promise.all(names.map((name) => identityOf(path.join(staging, name), boot)));
		await recordVerified(staging, Object.fromEntries(names.map((name, index) => [name, identities[index] ?? ''])));
		// rename(2) does not replace a directory that has files in it.
		await rename(staging, place);
		return true;
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		const { code } = error as NodeJS.ErrnoException;
		if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
		const found = await readCheckpoint(place);
		if (found && 'damaged' in found) throw brokenFailure('checkpoint', `a damaged one is in its place: ${found.damaged}`);
		return false;
	}
}

/** Removes a checkpoint, leased or not. A missing one is no error. Nobody sees a part of it: it is renamed first. */
export async function discardCheckpoint(directory: string): Promise<void> {
	const gone = path.join(path.dirname(directory), `.${path.basename(directory)}.gone.${randomBytes(4).toString('hex')}`);
	try {
		await rename(directory, gone);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
		throw error;
	}
	await rm(gone, { recursive: true, force: true });
}
