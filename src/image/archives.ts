/** Debian's archives of updates: which there are for a suite, and how mmdebstrap gets them. */
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { run } from '../process/run.js';
import type { Mirror } from './mirror.js';
import { makeSweptDirectory } from './scratch.js';

/** An archive that has later versions of a suite's packages: `trixie-security`, `trixie-updates`. */
export type Update = 'security' | 'updates';

/** The sets of updates that an image may have been made with, the best first. Each set is sorted, as in keys. */
export const updateSets: readonly (readonly Update[])[] = [['security', 'updates'], ['security'], ['updates'], []];

/** All updates. */
export const allUpdates: readonly Update[] = ['security', 'updates'];

/** Where the packages of one suite come from. */
export interface Sources extends Mirror {
	/** Sorted. Without a mirror mmdebstrap takes all by itself (mmdebstrap(1), MIRROR). */
	readonly updates: readonly Update[];
}

/** Finds where the packages of a suite come from. `updates` is undefined where the mirror cannot be reached. */
export type FindSources = (suite: string) => Promise<Omit<Sources, 'updates'> & { readonly updates: Sources['updates'] | undefined }>;

/** The suites that packages come from, for people. */
export const suitesOf = (suite: string, updates: readonly Update[]): readonly string[] => [suite, ...updates.map((update) => `${suite}-${update}`)];

/** What Debian signs its archives with; Debian itself has it there too (package debian-archive-keyring). */
export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The last arguments of mmdebstrap, where it takes sources: the mirror of the suite itself, and lines for its updates. */
export function mirrorArguments(suite: string, components: readonly string[], sources: Sources): readonly string[] {
	const { uri } = sources;
	return uri === undefined ? [] : [uri, ...updateLines(suite, components, sources)];
}

/** The lines of sources.list(5) for a suite and its updates. */
export function sourceLines(suite: string, components: readonly string[], sources: Sources): readonly string[] {
	const { uri } = sources;
	return uri === undefined ? [] : [sourceLine(uri, suite, components), ...updateLines(suite, components, sources)];
}

const sourceLine = (base: string, suite: string, components: readonly string[]): string => `deb [signed-by=${keyring}] ${base} ${suite} ${components.join(' ')}`;

function updateLines(suite: string, components: readonly string[], { uri, security, updates }: Sources): readonly string[] {
	const line = (update: Update, base: string | undefined) =>
		base !== undefined && updates.includes(update) ? [sourceLine(base, `${suite}-${update}`, components)] : [];
	return [...line('updates', uri), ...line('security', security)];
}

/** apt's own program for downloads (package apt): it goes through the proxies that apt goes through, and needs no privilege. */
export const aptHelper = '/usr/lib/apt/apt-helper';

/** How long the mirror may take to answer, in milliseconds. */
const probeTimeoutMs = 30_000;

/**
 * Looks which updates a mirror has for a suite. What it does not have, or does not give in time, is left out. Resolves to
 * nothing where the mirror does not give the suite itself either: it cannot be reached, or it is none.
 */
export async function probeUpdates(suite: string, { uri, security }: Mirror, signal?: AbortSignal): Promise<readonly Update[] | undefined> {
	if (uri === undefined) return allUpdates;
	return withCleanup(async (cleanup) => {
		const directory = await makeSweptDirectory('what a mirror answered', cleanup);
		const has = async (base: string | undefined, name: string): Promise<boolean> => {
			if (base === undefined) return false;
			try {
				// As another user it would not be killed with this process; all of it is this user's anyway.
				const argv = [aptHelper, '-o', 'APT::Sandbox::User=', 'download-file', `${base}/dists/${name}/InRelease`, path.join(directory, name)] as const;
				return (await run(argv, { allowFailure: true, timeoutMs: probeTimeoutMs, killWhenOrphaned: true, signal })).exitCode === 0;
			} catch {
				signal?.throwIfAborted();
				return false;
			}
		};
		const [itself, ...found] = await Promise.all([has(uri, suite), has(security, `${suite}-security`), has(uri, `${suite}-updates`)]);
		return itself ? allUpdates.filter((_update, index) => found[index]) : undefined;
	});
}
