/** The mirror of this host's apt: a configuration of apt's own, read by its own programs, with a directory for the home of it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sha256 } from '../../../src/base/hash.js';
import { findMirror } from '../../../src/image/mirror.js';
import { run } from '../../../src/process/run.js';

const { APT_CONFIG } = process.env;
test.afterEach.always(() => {
	if (APT_CONFIG === undefined) delete process.env['APT_CONFIG'];
	else process.env['APT_CONFIG'] = APT_CONFIG;
});

/** An archive of Debian in a directory, as far as its release goes. */
async function writeArchive(directory: string, codename: string): Promise<void> {
	const place = path.join(directory, 'dists', codename);
	await mkdir(path.join(place, 'main', 'binary-amd64'), { recursive: true });
	const packages = ['Package: nothing', 'Version: 1', 'Architecture: amd64', 'Filename: pool/nothing.deb', 'Size: 1', `SHA256: ${sha256('')}`, '', ''].join('\n');
	await writeFile(path.join(place, 'main', 'binary-amd64', 'Packages'), packages);
	const index = ` ${sha256(packages)} ${packages.length} main/binary-amd64/Packages`;
	const release = ['Origin: Debian', `Suite: ${codename}`, `Codename: ${codename}`, 'Date: Thu, 01 Jan 2026 00:00:00 UTC', 'Architectures: amd64', 'Components: main', 'SHA256:', index, ''];
	await writeFile(path.join(place, 'Release'), release.join('\n'));
}

/** A host whose apt has these sources, and has read their lists. */
async function makeHost(t: ExecutionContext, sources: (directory: string) => readonly string[], settings: readonly string[] = []): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'mirror-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const place = (...parts: string[]) => path.join(directory, ...parts);
	for (const parts of [['etc'], ['state', 'lists', 'partial'], ['cache', 'archives', 'partial']]) await mkdir(place(...parts), { recursive: true });
	await writeArchive(place('debian'), 'trixie');
	await writeArchive(place('security'), 'trixie-security');
	for (const name of ['debian', 'security']) await writeFile(place(`${name}.list`), `# the archive\n\nfile:${place(name)}\tpriority:1\n`);
	await writeFile(place('sources.list'), sources(directory).map((line) => `deb [trusted=yes] ${line} main\n`).join(''));
	await writeFile(place('status'), '');
	const own = {
		...{ 'Dir::Etc': place('etc'), 'Dir::Etc::Main': '/dev/null', 'Dir::Etc::Parts': '/dev/null', 'Dir::Etc::SourceList': place('sources.list'), 'Dir::Etc::SourceParts': '/dev/null' },
		...{ 'Dir::State': place('state'), 'Dir::State::status': place('status'), 'Dir::Cache': place('cache'), 'APT::Architecture': 'amd64', 'APT::Sandbox::User': '', 'Acquire::Languages': 'none' },
	};
	await writeFile(place('apt.conf'), [...Object.entries(own).map(([name, value]) => `${name} "${value}";`), 'APT::Architectures { "amd64"; };', ...settings].join('\n'));
	process.env['APT_CONFIG'] = place('apt.conf');
	await run(['apt-get', 'update']);
	return directory;
}

test.serial('that of an ordinary host', async (t) => {
	const directory = await makeHost(t, (home) => [`file:${home}/debian trixie`, `file:${home}/security trixie-security`]);
	t.deepEqual(await findMirror(undefined), { uri: `file:${directory}/debian`, security: `file:${directory}/security` });
});

test.serial("of a host with lists of mirrors, as Debian's cloud images have them", async (t) => {
	const directory = await makeHost(t, (home) => [`mirror+file:${home}/debian.list trixie`, `mirror+file:${home}/security.list trixie-security`]);
	t.deepEqual(await findMirror(undefined), { uri: `file:${directory}/debian`, security: `file:${directory}/security` });
});

test.serial('proxies go along, and so does what is reached without one; also to a mirror that somebody names', async (t) => {
	await makeHost(t, (home) => [`file:${home}/debian trixie`], ['Acquire::http::Proxy "http://proxy.example:3128";', 'Acquire::http::Proxy::mirror.example "DIRECT";']);
	const proxies = { 'Acquire::http::Proxy': 'http://proxy.example:3128', 'Acquire::http::Proxy::mirror.example': 'DIRECT' };
	t.deepEqual((await findMirror(undefined)).proxies, proxies);
	t.deepEqual(await findMirror('http://mirror.example/archive/'), { uri: 'http://mirror.example/archive', security: 'http://mirror.example/archive-security', proxies });
});

test.serial('a host without sources has none', async (t) => {
	await makeHost(t, () => []);
	t.deepEqual(await findMirror(undefined), {});
});
