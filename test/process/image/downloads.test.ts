/**
 * What is downloaded before the builds need it: an `apt-get` that is a fake and names packages, and apt's own program that
 * fetches them from a server on this host's loopback.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sha256 } from '../../../src/base/hash.js';
import { keyring } from '../../../src/image/archives.js';
import { downloadAhead, parseUris } from '../../../src/image/downloads.js';
import type { GuestDefinition, ImageRequest } from '../../../src/image/guest.js';

const { PATH, TMPDIR } = process.env;
test.afterEach.always(() => {
	process.env['PATH'] = PATH;
	if (TMPDIR === undefined) delete process.env['TMPDIR'];
	else process.env['TMPDIR'] = TMPDIR;
});

const guest: GuestDefinition = { suite: 'trixie', components: ['main'], base: ['init'], tool: [], common: [], features: {}, absent: {} };
const requestOf = (node: string, ...more: string[]): ImageRequest => ({ suite: 'trixie', packages: ['init', ...more], nodes: [node] });

/** What a package has in it: the larger by its name. */
const contents = (name: string): string => name.repeat(name.length);

/** A mirror whose packages need nothing, and an apt-get that knows it. @param updates the shell command in the place of `apt-get update` */
async function makeMirror(t: ExecutionContext, updates = ':') {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'downloads-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const asked: string[] = [];
	const server = createServer((request, response) => {
		const name = /^\/pool\/(\w+)\.deb$/.exec(request.url ?? '')?.[1];
		if (name !== undefined) asked.push(name);
		response.writeHead(name === undefined || name === 'gone' ? 404 : 200).end(contents(name ?? ''));
	});
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const known = ['init', 'a', 'bbb', 'gone'].map((name) => `${name}) echo "'${uri}/pool/${name}.deb' ${name}_1_all.deb ${contents(name).length} SHA256:${sha256(contents(name))}" ;;`);
	await writeFile(
		path.join(directory, 'apt-get'),
		`#!/bin/sh
		cat "$APT_CONFIG" >${directory}/config
		case "$1" in update) ${updates}; exit ;; esac
		shift 5
		for name; do case $name in ${known.join('\n')} esac; done
		`,
	);
	await chmod(path.join(directory, 'apt-get'), 0o755);
	await mkdir(path.join(directory, 'tmp'));
	await chmod(directory, 0o755);
	await chmod(path.join(directory, 'tmp'), 0o777);
	process.env['PATH'] = `${directory}:${PATH}`;
	process.env['TMPDIR'] = path.join(directory, 'tmp');
	const cache = path.join(directory, 'packages');
	const ready: string[] = [];
	const reported: string[] = [];
	const options = {
		...{ guest, sources: { uri, updates: ['updates'] as const }, packageCache: cache },
		onReady: ({ nodes }: ImageRequest) => void ready.push(...nodes),
		onDownload: ({ nodes }: ImageRequest, packages: number) => void reported.push(`${nodes.join()}: ${packages}`),
	};
	return {
		...{ options, ready, reported, asked },
		cached: async () => (await readdir(cache).catch(() => [])).sort(),
		config: () => readFile(path.join(directory, 'config'), 'utf8'),
		leftovers: () => readdir(path.join(directory, 'tmp')),
	};
}

const file = (name: string): string => `${sha256(contents(name))}.deb`;
const downloading = existsSync(keyring) ? test.serial : test.serial.skip;

downloading('what images need beyond their layer is fetched once, for the one first that needs least', async (t) => {
	const mirror = await makeMirror(t);
	await downloadAhead([requestOf('db', 'a', 'bbb'), requestOf('web'), requestOf('cache', 'a')], mirror.options);
	t.deepEqual(mirror.ready, ['web', 'cache', 'db']);
	t.deepEqual(await mirror.cached(), [file('a'), file('bbb')].sort());
	t.false(mirror.asked.includes('init'), 'that of the layer is fetched with the layer');
	t.deepEqual(await mirror.leftovers(), []);
	t.regex(await mirror.config(), /^Dir::State::status ".*\/status";$/m);
});

downloading('what the cache has is not fetched', async (t) => {
	const mirror = await makeMirror(t);
	await mkdir(mirror.options.packageCache);
	await writeFile(path.join(mirror.options.packageCache, file('a')), contents('a'));
	await downloadAhead([requestOf('cache', 'a')], mirror.options);
	t.deepEqual([mirror.asked, mirror.reported, mirror.ready], [[], [], ['cache']]);
});

downloading("it goes through the proxies of the host's apt, and around them where that does", async (t) => {
	// Nobody serves the discard port (RFC 863).
	const proxies = { 'Acquire::http::Proxy': 'http://127.0.0.1:9' };
	const behind = await makeMirror(t);
	await downloadAhead([requestOf('cache', 'a')], { ...behind.options, sources: { ...behind.options.sources, proxies } });
	t.deepEqual([behind.asked, await behind.cached()], [[], []]);
	const beside = await makeMirror(t);
	await downloadAhead([requestOf('cache', 'a')], { ...beside.options, sources: { ...beside.options.sources, proxies: { ...proxies, 'Acquire::http::Proxy::127.0.0.1': 'DIRECT' } } });
	t.deepEqual([beside.asked, await beside.cached()], [['a'], [file('a')]]);
});

downloading('a mirror that lacks a package, and one that lists nothing, are for the builds to tell of', async (t) => {
	const lacking = await makeMirror(t);
	await t.notThrowsAsync(downloadAhead([requestOf('odd', 'gone'), requestOf('cache', 'a')], lacking.options));
	t.deepEqual(await lacking.leftovers(), []);
	const silent = await makeMirror(t, 'exit 100');
	await t.notThrowsAsync(downloadAhead([requestOf('cache', 'a')], silent.options));
	t.deepEqual([silent.asked, silent.ready], [[], []]);
});

downloading('an abort ends it, and nothing is left', async (t) => {
	const mirror = await makeMirror(t, 'exec sleep 60');
	const aborting = new AbortController();
	const reason = new Error('interrupted');
	setTimeout(() => aborting.abort(reason), 300);
	t.is(await t.throwsAsync(downloadAhead([requestOf('cache', 'a')], { ...mirror.options, signal: aborting.signal })), reason);
	t.deepEqual(await mirror.leftovers(), []);
});

test.serial('without a mirror nothing is fetched', async (t) => {
	const mirror = await makeMirror(t);
	await downloadAhead([requestOf('cache', 'a')], { ...mirror.options, sources: { updates: [] } });
	t.deepEqual([mirror.asked, mirror.ready], [[], []]);
});

test('of what apt prints only packages with their digests are taken', (t) => {
	const digest = sha256('x');
	t.deepEqual(
		parseUris(`Reading package lists...\n'http://m.example.org/x_1%3a2.deb' x_1%3a2_all.deb 12 SHA256:${digest}\n'http://m.example.org/y.deb' y.deb 3 MD5Sum:00\n`),
		[{ uri: 'http://m.example.org/x_1%3a2.deb', bytes: 12, sha256: digest }],
	);
});
