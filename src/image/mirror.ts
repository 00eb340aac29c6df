import { readFile } from 'node:fs/promises';
import { run, type Argv } from '../process/run.js';

/** Where Debian's packages come from. */
export interface Mirror {
	/** Base URI of the archive; without one mmdebstrap takes its own default. */
	readonly uri?: string;
	/** Base URI of the archive of security updates, where one is known. */
	readonly security?: string;
	/** The proxies that the host's apt goes through: settings of apt.conf(5) with their values, some for one host only. */
	readonly proxies?: Readonly<Record<string, string>>;
}

/** The options by which mmdebstrap's apt goes through the same proxies. */
export const proxyOptions = ({ proxies = {} }: Pick<Mirror, 'proxies'>): readonly string[] =>
	Object.entries(proxies).map(([name, value]) => `--aptopt=${name} "${value}"`);

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
		// A disc in a drive has one suite, and no updates.
		if (origin === 'Debian' && uri && !uri.startsWith('cdrom:') && codename && wanted.test(codename)) return uri.replace(/\/+$/, '');
	}
	return undefined;
}

/** One line per setting of apt's: its name, a blank, its value. */
const proxyFormat = '%f %v%n';

/** The proxies among these lines. A setting with a host's name behind it is for that host only, `DIRECT` for none. */
export const parseProxies = (lines: string): Readonly<Record<string, string>> =>
	Object.fromEntries([...lines.matchAll(/^(Acquire::https?::Proxy(?:::[\w.-]+)?) ([^\s"]+)$/gm)].map(([, name = '', value = '']) => [name, value]));

/**
 * The first mirror of a list of them in a file (apt-transport-mirror(1)), as Debian's cloud images have one: only apt itself
 * takes a list, and not for a single file. Any other address is what it was.
 */
async function firstOfList(uri: string): Promise<string> {
	const [, file] = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri) ?? [];
	if (file === undefined) return uri;
	const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
	const first = lines.map((line) => line.trim().split(/\s/)[0] ?? '').find((entry) => /^[a-z][a-z+]*:/.test(entry));
	return first === undefined ? uri : first.replace(/\/+$/, '');
}

/**
 * Where a mirror that is not the host's would have security updates: beside the archive, as Debian's own has them; of a moment, as
 * Debian's snapshots have it, those of the same moment.
 */
export function securityBeside(uri: string): string {
	const [, archive = uri.replace(/\/+$/, ''), moment = ''] = /^(.*[^/])(\/\d{8}T\d{6}Z)\/*$/.exec(uri) ?? [];
	return `${archive}-security${moment}`;
}

/** A mirror that somebody names. */
export const namedMirror = (uri: string): Mirror => ({ uri: uri.replace(/\/+$/, ''), security: securityBeside(uri) });

/** The mirror that somebody names, or else that of this host's apt; either is reached as the host's apt reaches it. */
export async function findMirror(named: string | undefined, signal?: AbortSignal): Promise<Mirror> {
	const [mirror, proxies] = await Promise.all([named === undefined ? mirrorOfHost(signal) : namedMirror(named), findProxies(signal)]);
	return { ...mirror, ...(Object.keys(proxies).length > 0 ? { proxies } : {}) };
}

/** The mirror that this host's apt uses; nothing where the host has no apt or is not Debian. */
async function mirrorOfHost(signal: AbortSignal | undefined): Promise<Omit<Mirror, 'proxies'>> {
	const indexes = await ask(['apt-get', 'indextargets', '--format', indexFormat], signal);
	const [uri, ofHost] = await Promise.all([findDebianArchive(indexes), findSecurityArchive(indexes)].map((found) => found && firstOfList(found)));
	const security = ofHost ?? (uri && securityBeside(uri));
	return { ...(uri ? { uri } : {}), ...(uri && security ? { security } : {}) };
}

async function findProxies(signal: AbortSignal | undefined): Promise<NonNullable<Mirror['proxies']>> {
	const lines = await Promise.all(['http', 'https'].map((method) => ask(['apt-config', 'dump', '--format', proxyFormat, `Acquire::${method}::Proxy`], signal)));
	return parseProxies(lines.join('\n'));
}

/** What one of apt's programs prints; nothing where it fails. */
async function ask(argv: Argv, signal: AbortSignal | undefined): Promise<string> {
	try {
		const { stdout, exitCode } = await run(argv, { allowFailure: true, timeoutMs: 20_000, signal });
		return exitCode === 0 ? stdout : '';
	} catch {
		signal?.throwIfAborted();
		return '';
	}
}
