import { run } from '../process/run.js';

/** Where Debian's packages come from. */
export interface Mirror {
	/** Base URI of the archive; without one mmdebstrap takes its own default. */
	readonly uri?: string;
	/** A proxy that the host's apt goes through. */
	readonly proxy?: string;
}

/** One line per index of the host's apt: `origin|codename|site-uri`. */
const indexFormat = '$(ORIGIN)|$(CODENAME)|$(REPO_URI)';

/**
 * The archive among the lines that `apt-get indextargets` prints: the first that Debian itself signs for a release.
 * Security and update archives have codenames with a suffix and do not count.
 */
export function findDebianArchive(lines: string): string | undefined {
	for (const line of lines.split('\n')) {
		const [origin, codename, uri] = line.split('|');
		if (origin === 'Debian' && uri && codename && /^[a-z]+$/.test(codename)) return uri.replace(/\/+$/, '');
	}
	return undefined;
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
	return { ...(uri ? { uri } : {}), ...(proxy.trim() ? { proxy: proxy.trim() } : {}) };
}
