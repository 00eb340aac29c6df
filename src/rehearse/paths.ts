import envPaths from 'env-paths';
import path from 'node:path';

/** Where the tool keeps things between runs. */
export interface Paths {
	/** Images and what else can be made again; `rehearse prune` empties it. */
	readonly cache: string;
	readonly images: string;
	readonly checkpoints: string;
	/** SSH host keys of nodes, which are the same from run to run. */
	readonly hostKeys: string;
	/** A directory for each run. */
	readonly runs: string;
	/** Of labs that are being brought up. */
	readonly locks: string;
}

/** The directories of this user: `$XDG_CACHE_HOME/rehearse` and `$XDG_STATE_HOME/rehearse`, or their defaults. */
export function userPaths(): Paths {
	// env-paths calls the XDG state directory "log".
	const { cache, log } = envPaths('rehearse', { suffix: '' });
	return {
		cache,
		images: path.join(cache, 'images'),
		checkpoints: path.join(cache, 'checkpoints'),
		hostKeys: path.join(cache, 'host-keys'),
		runs: path.join(log, 'runs'),
		locks: path.join(log, 'locks'),
	};
}
