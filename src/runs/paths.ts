import envPaths from 'env-paths';
import path from 'node:path';
import { hostFailure } from '../base/errors.js';
import { makeWritableDirectory } from '../base/files.js';

/** The directories that the tool keeps between runs. */
export interface Paths {
	/** Images and everything else that can be made again. `rehearse prune` empties it. */
	readonly cache: string;
	readonly images: string;
	/** What images have in common. */
	readonly layers: string;
	/** Base layers of ISOs. */
	readonly isoBases: string;
	readonly checkpoints: string;
	/** SSH host keys of nodes. They stay the same from run to run. */
	readonly hostKeys: string;
	/** Files that people may look at later. */
	readonly state: string;
	/** A directory for each run. */
	readonly runs: string;
	/** Locks of labs that are being started. */
	readonly locks: string;
}

/** The directories of this user: `$XDG_CACHE_HOME/rehearse` and `$XDG_STATE_HOME/rehearse`, or their defaults. */
export function userPaths(): Paths {
	// The XDG Base Directory Specification says to ignore relative paths. The lab daemon has another working directory than
	// its client.
	for (const name of ['XDG_CACHE_HOME', 'XDG_STATE_HOME']) {
		if (!path.isAbsolute(process.env[name] ?? '')) delete process.env[name];
	}
	// env-paths calls the XDG state directory "log".
	const { cache, log } = envPaths('rehearse', { suffix: '' });
	return {
		cache,
		images: path.join(cache, 'images'),
		layers: path.join(cache, 'layers'),
		isoBases: path.join(cache, 'iso-bases'),
		checkpoints: path.join(cache, 'checkpoints'),
		hostKeys: path.join(cache, 'host-keys'),
		state: log,
		runs: path.join(log, 'runs'),
		locks: path.join(log, 'locks'),
	};
}

/** Makes the cache or state directory. @throws Failure `no-directory` where this user cannot make it or write to it */
export async function ensureDirectory(paths: Pick<Paths, 'cache' | 'state'>, kind: 'cache' | 'state'): Promise<void> {
	const directory = paths[kind];
	try {
		await makeWritableDirectory(directory);
	} catch (error) {
		const variable = kind === 'cache' ? 'XDG_CACHE_HOME' : 'XDG_STATE_HOME';
		throw hostFailure('no-directory', `rehearse cannot write to ${directory}: ${(error as Error).message}`, {
			hint: `give this user write access, or set ${variable} to a directory that this user can write to`,
		});
	}
}
