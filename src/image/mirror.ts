import { run } from '../process/run.js';

/** Where Debian's packages come from. */
export interface Mirror {
	/** Base URI of the archive; without one mmdebstrap takes its own default. */
	readonly uri?: string;
	/** Base URI of the archive of security updates, where one is known. */
	readonly security?: string;
	/** A proxy that the host's apt goes through. */
	readonly proxy?: string;
}

/** One line per index of the host's apt: `origin|codename|site-uri`. */
const indexFormat = '$(ORIGIN)|$(CODENAME)|$(REPO_URI)';

/**
 * The archive among the lines that `apt-get indextargets` prints: the first that Debian itself signs for a release.
 * Security and update archives have codenames with a suffix and do not count.
 */
export const findDebianArchive = (lines: string): string | undefined => findArchive(lines, /^[a-z]+$/);

/** The archive of security updates among these lines. */
export const findSecurityArchive = (lines: string): string | undefined => findArchive(lines, /^[a-z]+-security$/);

function findArchive(lines: string, wanted: RegExp): string | undefined {
	for (const line of lines.split('\n')) {
		const [origin, codename, uri] = line.split('|');
		if (origin === 'Debian' && uri && codename && wanted.test(codename)) return uri.replace(/\/+$/, '');
	}
	return undefined;
}

/** Where a mirror that is not the host's would have security updates: beside the archive, as Debian's own has them. */
export const securityBeside = (uri: string): string | undefined => (/\/debian\/*$/.test(uri) ? uri.replace(/\/*$/, '-security') : undefined);

/** A mirror that somebody names. */
export function namedMirror(uri: string): Mirror {
	const security = securityBeside(uri);
	return { uri: uri.replace(/\/+$/, ''), ...(security === undefined ? {} : { security }) };
}

/** The mirror that this host's apt uses; nothing where the host has no apt or is not Debian. */
export async function findHostMirror(signal?: AbortSignal): Promise<Mirror> {
	const ask = async (argv: readonly [string, ...string[]]) => {
		try {
			const { stdout, exitCode } = await run(argv, { allowFailure: true, timeoutMs: 20_000, signal });
			return exitCode === 0 ? stdout : '';
		} catch {
			signal?.throwIfAborted();
			return '';
		}
	};
	const [indexes, proxy] = await Promise.all([
		ask(['apt-get', 'indextargets', '--format', indexFormat]),
		ask(['apt-config', 'dump', '--format', '%v', 'Acquire::http::Proxy']),
	]);
	const uri = findDebianArchive(indexes);
	const security = findSecurityArchive(indexes) ?? (uri && securityBeside(uri));
	return { ...(uri ? { uri } : {}), ...(uri && security ? { security } : {}), ...(proxy.trim() ? { proxy: proxy.trim() } : {}) };
}
