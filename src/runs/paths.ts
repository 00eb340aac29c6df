import envPaths from 'env-paths';
import os from 'node:os';
import path from 'node:path';
import { hostFailure, reasonOf } from '../base/errors.js';
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
	/** ISOs that were booted. */
	readonly isos: string;
	readonly checkpoints: string;
	/** SSH host keys of nodes. They are the same from run to run. */
	readonly hostKeys: string;
	/** Files that people may look at later. */
	readonly state: string;
	/** A directory for each run. */
	readonly runs: string;
	/** Locks of labs that are being started. */
	readonly locks: string;
}

/**
 * The home directory to use where HOME names none: set and empty, as some containers have it, or relative, it would put
 * everything into the working directory.
 */
function homeOf(environment: NodeJS.ProcessEnv): { readonly home: string | undefined; readonly defaults: Readonly<Record<string, string>> } {
	const defaults = { XDG_CACHE_HOME: '.cache', XDG_STATE_HOME: path.join('.local', 'state') };
	const { HOME: home } = environment;
	if (home === undefined || path.isAbsolute(home)) return { home: undefined, defaults };
	try {
		return { home: os.userInfo().homedir, defaults };
	} catch (error) {
		throw hostFailure('no-home', `HOME is "${home}", and this user has no entry in /etc/passwd`, { hint: 'set HOME to a directory that this user can write to', cause: error });
	}
}

/** The directories of this user: `$XDG_CACHE_HOME/rehearse` and `$XDG_STATE_HOME/rehearse`, or their defaults. */
export function userPaths(): Paths {
	// By the XDG Base Directory Specification, relative paths are ignored. The lab daemon has another working directory than
	// its client.
	const { home, defaults } = homeOf(process.env);
	if (home !== undefined) process.env['HOME'] = home;
	for (const [name, inHome] of Object.entries(defaults)) {
		if (path.isAbsolute(process.env[name] ?? '')) continue;
		delete process.env[name];
		if (home !== undefined) process.env[name] = path.join(home, inHome);
	}
	// env-paths calls the XDG state directory "log".
	const { cache, log } = envPaths('rehearse', { suffix: '' });
	return {
		cache,
		images: path.join(cache, 'images'),
		layers: path.join(cache, 'layers'),
		isoBases: path.join(cache, 'iso-bases'),
		isos: path.join(cache, 'isos'),
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
		throw hostFailure('no-directory', `rehearse cannot write to ${directory}: ${reasonOf(error)}`, {
			hint: `give this user write access, or set ${variable} to a directory that this user can write to`,
		});
	}
}
