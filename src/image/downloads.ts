/**
 * Downloads what images need beyond their layers, while the layers are still being built. A build takes what it finds in
 * the package cache, and downloads the rest itself: what fails here costs nothing but time, and the build reports it.
 */
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { isThere } from '../base/files.js';
import { run } from '../process/run.js';
import { aptHelper, keyring, sourceLines, type Sources } from './archives.js';
import { layerRequest, type GuestDefinition, type ImageRequest } from './guest.js';
import { keepPackages } from './package-cache.js';
import { makeSweptDirectory } from './scratch.js';

export interface DownloadOptions {
	readonly guest: GuestDefinition;
	readonly sources: Sources;
	/** Directory in which downloaded packages are kept. */
	readonly packageCache: string;
	/** Called when the packages of a request are there that the mirror gave. */
	readonly onReady: (request: ImageRequest) => void;
	/** Called when packages of a request are about to be downloaded. */
	readonly onDownload: (request: ImageRequest, packages: number) => void;
	readonly signal?: AbortSignal | undefined;
}

/** A package that apt would download. */
export interface RemotePackage {
	readonly uri: string;
	readonly bytes: number;
	readonly sha256: string;
}

/** How long one call of apt may take, in milliseconds: a slow network has many packages to bring. */
const timeoutMs = 30 * 60_000;

/** Reads what `apt-get --print-uris` prints with `Acquire::ForceHash=SHA256`. */
export const parseUris = (text: string): readonly RemotePackage[] =>
	[...text.matchAll(/^'([^']+)' \S+ (\d+) SHA256:([0-9a-f]{64})$/gm)].map(([, uri = '', bytes = '', sha256 = '']) => ({ uri, bytes: Number(bytes), sha256 }));

/**
 * Downloads the packages of images of one suite that their layers do not have and the cache does not either, those of the
 * image first that needs least. Rejects only when the signal aborts.
 */
export async function downloadAhead(requests: readonly ImageRequest[], options: DownloadOptions): Promise<void> {
	const { sources, signal } = options;
	if (sources.uri === undefined || !(await isThere(keyring))) return;
	try {
		await downloadAll(requests, options);
	} catch {
		signal?.throwIfAborted();
	}
}

async function downloadAll(requests: readonly ImageRequest[], { guest, sources, packageCache, onReady, onDownload, signal }: DownloadOptions): Promise<void> {
	const [{ suite } = { suite: guest.suite }] = requests;
	await withCleanup(async (cleanup) => {
		const directory = await makeSweptDirectory('the downloads', cleanup);
		const apt = await makeApt(directory, sourceLines(suite, guest.components, sources), sources, signal);
		await apt(['apt-get', 'update', '--error-on=any']);
		const urisOf = async (packages: readonly string[]) =>
			parseUris((await apt(['apt-get', '--yes', '--print-uris', '-o', 'Acquire::ForceHash=SHA256', 'install', ...packages])).stdout);
		const cached = new Set(await readdir(packageCache).catch(() => []));
		const wanted: { readonly request: ImageRequest; readonly more: readonly RemotePackage[] }[] = [];
		for (const request of requests) {
			const ofLayer = new Set((await urisOf(layerRequest(request, guest).packages)).map(({ sha256 }) => sha256));
			const more = (await urisOf(request.packages)).filter(({ sha256 }) => !ofLayer.has(sha256) && !cached.has(`${sha256}.deb`));
			wanted.push({ request, more });
		}
		const size = ({ more }: { readonly more: readonly RemotePackage[] }) => more.reduce((sum, { bytes }) => sum + bytes, 0);
		for (const { request, more } of wanted.toSorted((one, other) => size(one) - size(other))) {
			const into = await mkdtemp(path.join(directory, 'packages-'));
			if (more.length > 0) {
				onDownload(request, more.length);
				await apt([aptHelper, 'download-file', ...more.flatMap(({ uri, sha256 }) => [uri, path.join(into, `${sha256}.deb`), `SHA256:${sha256}`])]);
				await keepPackages(into, packageCache);
			}
			onReady(request);
		}
	});
}

/** An apt with directories of its own that knows these sources, and no packages that are installed. Resolves to what runs its programs. */
async function makeApt(directory: string, lines: readonly string[], { proxies }: Sources, signal: AbortSignal | undefined) {
	const place = (...parts: string[]) => path.join(directory, ...parts);
	for (const parts of [['etc', 'preferences.d'], ['state', 'lists', 'partial'], ['cache', 'archives', 'partial']]) await mkdir(place(...parts), { recursive: true });
	await writeFile(place('sources.list'), lines.map((line) => `${line}\n`).join(''));
	await writeFile(place('status'), '');
	const settings = {
		'Dir::Etc': place('etc'),
		'Dir::Etc::Main': '/dev/null',
		'Dir::Etc::Parts': '/dev/null',
		'Dir::Etc::SourceList': place('sources.list'),
		'Dir::Etc::SourceParts': '/dev/null',
		'Dir::State': place('state'),
		'Dir::State::status': place('status'),
		'Dir::Cache': place('cache'),
		'Acquire::Languages': 'none',
		// As in commonOptions (./options), by which builds choose.
		'APT::Install-Recommends': 'false',
		// All of it is this user's.
		'APT::Sandbox::User': '',
		...proxies,
	};
	await writeFile(place('apt.conf'), Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`).join(''));
	return (argv: readonly [string, ...string[]]) => run(argv, { env: { APT_CONFIG: place('apt.conf') }, timeoutMs, killWhenOrphaned: true, signal });
}
