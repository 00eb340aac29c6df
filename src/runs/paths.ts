import envPaths from 'env-paths';
import path from 'node:path';
import { hostFailure } from '../base/errors.js';
import { makeWritableDirectory } from '../base/files.js';

/** Where the tool keeps things between runs. */
export interface Paths {
	/** Images and what else can be made again; `rehearse prune` empties it. */
	readonly cache: string;
	readonly images: string;
	readonly checkpoints: string;
	/** SSH host keys of nodes, which are the same from run to run. */
	readonly hostKeys: string;
	/** What people may want to look at later. */
	readonly state: string;
	/** A directory for each run. */
	readonly runs: string;
	/** Of labs that are being brought up. */
	readonly locks: string;
}

/** The directories of this user: `$XDG_CACHE_HOME/rehearse` and `$XDG_STATE_HOME/rehearse`, or their defaults. */
export function userPaths(): Paths {
	// What is no absolute path is to be ignored (XDG Base Directory Specification); a process that keeps a lab has another
	// working directory than who asks for it.
	for (const name of ['XDG_CACHE_HOME', 'XDG_STATE_HOME']) {
		if (!path.isAbsolute(process.env[name] ?? '')) delete process.env[name];
	}
	// env-paths calls the XDG state directory "log".
	const { cache, log } = envPaths('rehearse', { suffix: '' });
	return {
		cache,
		images: path.join(cache, 'images'),
		checkpoints: path.join(cache, 'checkpoints'),
		hostKeys: path.join(cache, 'host-keys'),
		state: log,
		runs: path.join(log, 'runs'),
		locks: path.join(log, 'locks'),
	};
}

/**
 * Makes the directory that everything of a kind goes into.
 * @throws Failure `no-directory` where this user cannot make it, or not write to it
 */
export async function ensureDirectory(paths: Pick<Paths, 'cache' | 'state'>, kind: 'cache' | 'state'): Promise<void> {
	const directory = paths[kind];
	try {
		await makeWritableDirectory(directory);
	} catch (error) {
		const variable = kind === 'cache' ? 'XDG_CACHE_HOME' : 'XDG_STATE_HOME';
		throw hostFailure('no-directory', `rehearse cannot write to ${directory}: ${(error as Error).message}`, {
			hint: `let this user write there, or have ${variable} name a directory where he may`,
		});
	}
}
