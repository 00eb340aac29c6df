/** The directory of what only lives during a build: private, of no name that anybody could know, gone with the build. */
import { chmod, cp, lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isHeld, keepTouched, processToken, tokenOf } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { isOpenToAll } from '../base/files.js';
import { removal, startJanitor } from '../process/janitor.js';
import { run } from '../process/run.js';
import { asOwnerOfAll, inUserNamespace, type readSubordinateRanges } from '../process/user-namespace.js';
import { takePackages } from './package-cache.js';

export type Ranges = Awaited<ReturnType<typeof readSubordinateRanges>>;

/** What a build's scratch directory holds beside the archive. */
export const scratchLayout = (scratch: string) => ({
	/** A copy of the files that the hooks work with. */
	files: path.join(scratch, 'files'),
	/** Packages that were there before. */
	known: path.join(scratch, 'known'),
	/** The layer that is built on. */
	layer: path.join(scratch, 'layer'),
	/** Packages that are there afterwards. */
	gathered: path.join(scratch, 'gathered'),
});

export interface ScratchOptions {
	/** Directory in which the scratch directory is made; every user of the host may pass through it. */
	readonly scratchBase: string;
	/** Directory in which downloaded packages are kept from build to build. */
	readonly packageCache: string;
}

/** Makes a build's scratch directory, which goes with the stack, and copies `files` and the known packages into it. */
export async function makeScratch(files: string, ranges: Ranges, { scratchBase, packageCache }: ScratchOptions, cleanup: CleanupStack): Promise<string> {
	let scratch = '';
	cleanup.defer('scratch directory', async () => {
		if (scratch !== '') await removeScratch(scratch, ranges);
	});
	scratch = await mkdtemp(prefixIn(scratchBase));
	keepTouched(scratch, cleanup);
	await startJanitor('janitor of the scratch directory', asOwnerOfAll(ranges, removal(scratch)), cleanup);
	// mmdebstrap works as a subordinate user, whose group may write here; within the namespace that is group 1. Nobody else
	// may: who waits for such a directory would have a file of this user's copied, or a package of his own installed.
	await run(inUserNamespace(ranges, ['chgrp', '1', scratch]));
	await chmod(scratch, 0o770);
	// Copies that the subordinate user can read: checkout and cache may be in a home that is closed to others.
	const layout = scratchLayout(scratch);
	await cp(files, layout.files, { recursive: true });
	await takePackages(packageCache, layout.known);
	await run(['chmod', '-R', 'a+rX', layout.files, layout.known]);
	return scratch;
}

/** How the names of this user's scratch directories begin. */
const ownPrefix = (): string => `rehearse-${os.userInfo().uid}-`;

const prefixIn = (base: string): string => path.join(base, `${ownPrefix()}${tokenOf()}-`);

/**
 * Makes a directory for files of this user's own, which goes with the stack, when this process dies, or is swept away as
 * scratch directories are. @param what for messages
 */
export async function makeSweptDirectory(what: string, cleanup: CleanupStack): Promise<string> {
	let directory: string | undefined;
	cleanup.defer(what, () => (directory === undefined ? undefined : rm(directory, { recursive: true, force: true })));
	directory = await mkdtemp(prefixIn(await scratchBase()));
	keepTouched(directory, cleanup);
	await startJanitor(`janitor of ${what}`, removal(directory), cleanup);
	return directory;
}

/** Its files belong to subordinate users, or to anybody where root builds. */
const removeScratch = async (scratch: string, ranges: Ranges): Promise<void> =>
	void (await run(asOwnerOfAll(ranges, ['rm', '-rf', scratch])));

/**
 * Removes the scratch directories of builds that are dead, as a power failure leaves them. What others have put there
 * is left alone.
 */
export async function sweepScratch(base: string, ranges: Ranges): Promise<void> {
	const own = ownPrefix();
	for (const name of await readdir(base).catch(() => [])) {
		const token = name.startsWith(own) ? processToken.exec(name.slice(own.length))?.[0] : undefined;
		const scratch = path.join(base, name);
		if (token === undefined || (await isHeld(token, scratch))) continue;
		const stats = await lstat(scratch).catch(() => undefined);
		// What cannot be removed, because others own files in it, is no reason not to build.
		if (stats?.isDirectory() && stats.uid === os.userInfo().uid) await removeScratch(scratch, ranges).catch(() => undefined);
	}
}

/**
 * Where builds put what only lives during them: on a disk (not /tmp, often memory), open to subordinate users. A private
 * TMPDIR, such as pam_tmpdir(8) gives each user, is not.
 */
export async function scratchBase(): Promise<string> {
	const requested = process.env['TMPDIR'] ?? '';
	return path.isAbsolute(requested) && (await isOpenToAll(path.normalize(requested))) ? requested : '/var/tmp';
}
