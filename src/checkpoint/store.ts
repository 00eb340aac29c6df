/**
 * Checkpoints on the disk. Each is a directory named by its key, built in a staging directory and renamed, and never written to again but
 * for leases. Asides are `.<key>.<token of the run's process>.…`; what is being removed is `.<key>.gone.…`; so neither has ever the
 * name of a checkpoint, and what a killed process leaves of them is known for what it is.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tokenOf } from '../base/alive.js';

import { readBootId } from '../base/proc.js';
import type { CleanupStack } from '../base/cleanup.js';
import { isThere } from '../base/files.js';
import { verifyFile } from './digest.js';
import { machineFiles, manifestName, parseManifest, type Damaged, type Manifest } from './manifest.js';

/** A checkpoint whose manifest is intact; its other files are not checked. */
export interface Checkpoint {
	/** Its own, where its files are. */
	readonly directory: string;
	readonly manifest: Manifest;
}

export type FoundCheckpoint = { readonly checkpoint: Checkpoint } | Damaged;

/** The checkpoint of a key, where there is one. Marks it as used now. */
export async function findCheckpoint(store: string, key: string): Promise<FoundCheckpoint | undefined> {
	const directory = path.join(store, key);
	const found = await readCheckpoint(directory);
	const now = new Date();
	if (found && 'checkpoint' in found) await utimes(directory, now, now).catch(() => undefined);
	return found;
}

/** Reads a checkpoint's manifest, and marks nothing as used. */
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

/** The name of the note on which files were found intact. */
const verifiedName = 'verified.json';

/**
 * As what a file was found intact: with which inode, size and time, and during which boot of the host, as what a power
 * failure has done to it shows only when it is read again.
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
 * What is wrong with the files that some of a checkpoint's machines are restored from, or all of them, if anything is.
 * A file is read once in each boot of the host, and again when it is another file or was written to since.
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
	// A note that cannot be written costs the next run a look, not this one its checkpoint.
	if (reason === undefined) await note(directory, now).catch(() => undefined);
	return reason;
}

/** The same that was found, as damaged where the files are that some of its machines are restored from. */
export async function verifyFound(found: FoundCheckpoint, options?: Parameters<typeof verifyCheckpoint>[1]): Promise<FoundCheckpoint> {
	if ('damaged' in found) return found;
	const damaged = await verifyCheckpoint(found.checkpoint, options);
	return damaged === undefined ? found : { damaged };
}

async function note(directory: string, verified: Readonly<Record<string, string>>): Promise<void> {
	const text = JSON.stringify(verified);
	if (text === JSON.stringify(await readVerified(directory))) return;
	const staging = path.join(directory, `.${verifiedName}.${randomBytes(4).toString('hex')}`);
	await writeFile(staging, text);
	await rename(staging, path.join(directory, verifiedName));
}

/**
 * Makes the directory that a checkpoint is written to before it is one. It goes with the clean-up, unless it was
 * published.
 * @param pid of the run, as the host sees it: while it lives nobody sweeps the directory away
 */
export async function beginCheckpoint(store: string, key: string, pid: number, cleanup: CleanupStack): Promise<string> {
	const staging = path.join(store, `.${key}.${tokenOf(pid)}.${randomBytes(4).toString('hex')}`);
	cleanup.defer(`unfinished checkpoint ${key}`, () => rm(staging, { recursive: true, force: true }));
	// RAM holds whatever secrets its machine has.
	await mkdir(staging, { recursive: true, mode: 0o700 });
	return staging;
}

/**
 * Makes a checkpoint of a staging directory. Resolves to whether it was taken: when another run was first, its
 * checkpoint stays. What is not taken, or cannot be finished, is removed at once.
 *
 * Nothing is forced onto the disk, which takes seconds; what a power failure makes of the files, their digests tell.
 */
export async function publishCheckpoint(staging: string, store: string, manifest: Manifest): Promise<boolean> {
	try {
		await writeFile(path.join(staging, manifestName), `${JSON.stringify(manifest)}\n`);
		const boot = await readBootId();
		const names = Object.keys(manifest.files);
		const identities = await Promise.all(names.map((name) => identityOf(path.join(staging, name), boot)));
		await note(staging, Object.fromEntries(names.map((name, index) => [name, identities[index] ?? ''])));
		// Onto a directory with anything in it, rename(2) moves nothing.
		await rename(staging, path.join(store, manifest.key));
		return true;
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
		throw error;
	}
}

/** Removes a checkpoint, leased or not; one that is not there is no error. Nobody ever sees a part of it. */
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
