/**
 * The Debian packages that builds have downloaded, so that the next image, or this one after a kill, does not fetch them
 * again. Several builds use them at once: a package is written under another name and renamed, and each build gets copies of its own.
 */
import { randomUUID } from 'node:crypto';
import { constants, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Copies all packages of a cache, which need not exist, into a directory that is made. */
export async function takePackages(cache: string, into: string): Promise<void> {
	await mkdir(into, { recursive: true });
	for (const name of await packagesIn(cache)) {
		try {
			await copyFile(path.join(cache, name), path.join(into, name), constants.COPYFILE_FICLONE);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
			// Pruned since it was listed: apt downloads it.
		}
	}
}

/** Copies the packages of a directory that a cache does not have into it. */
export async function keepPackages(from: string, cache: string): Promise<void> {
	await mkdir(cache, { recursive: true });
	const known = new Set(await packagesIn(cache));
	for (const name of await packagesIn(from)) {
		if (known.has(name)) continue;
		const staging = path.join(cache, `.${name}.${randomUUID()}`);
		try {
			await copyFile(path.join(from, name), staging, constants.COPYFILE_FICLONE);
			await rename(staging, path.join(cache, name));
		} finally {
			await rm(staging, { force: true });
		}
	}
}

async function packagesIn(directory: string): Promise<string[]> {
	try {
		const names = await readdir(directory);
		return names.filter((name) => name.endsWith('.deb'));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
		throw error;
	}
}
