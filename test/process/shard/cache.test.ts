import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Manifest } from '../../../src/checkpoint/manifest.js';
import { imageRequests, readGuestDefinition } from '../../../src/image/guest.js';
import { imageKey } from '../../../src/image/store.js';
import { bringCache, layCache } from '../../../src/shard/cache.js';
import { labNode, labOf } from '../../unit/base/labs.js';

const lab = labOf(labNode('web'), labNode('db', 1));
const stores = (directory: string) => ({ images: path.join(directory, 'images'), checkpoints: path.join(directory, 'checkpoints'), hostKeys: path.join(directory, 'host-keys') });

interface Hosts {
	readonly one: ReturnType<typeof stores>;
	readonly two: ReturnType<typeof stores>;
	/** The directory that both see. */
	readonly shared: string;
	readonly image: string;
}

const keys = { old: '0'.repeat(16), web: '1'.repeat(16), failed: '2'.repeat(16) };

async function writeCheckpoint(store: string, key: string, rest: Partial<Manifest>): Promise<void> {
	const file = { bytes: 6, extents: [], crc32: 0 };
	const manifest: Manifest = {
		...{ schema: 4, key, kind: 'provisioned', lab: lab.name, savedAt: 1 },
		machines: [{ node: 'web', fingerprint: {}, state: '0.state', ram: '0.ram', layers: [] }],
		files: { '0.state': file, '0.ram': file },
		...rest,
	};
	await mkdir(path.join(store, key), { recursive: true });
	for (const name of ['0.state', '0.ram']) await writeFile(path.join(store, key, name), 'memory');
	await writeFile(path.join(store, key, 'checkpoint.json'), JSON.stringify(manifest));
	// What holds for this host only.
	await writeFile(path.join(store, key, 'in-use.1-1-00000000-00000000-00000000'), '');
}

/** A host with an image, some checkpoints and a host key, and one with nothing. */
async function makeHosts(t: ExecutionContext): Promise<Hosts> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-cache-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const one = stores(path.join(directory, 'one'));
	const guest = await readGuestDefinition();
	const [request] = imageRequests(lab, guest);
	const image = await imageKey(request!, guest);
	await mkdir(path.join(one.images, image), { recursive: true });
	for (const name of ['root.img', 'vmlinuz', 'initrd', 'contents.txt']) await writeFile(path.join(one.images, image, name), name);
	await utimes(path.join(one.images, image, 'root.img'), 1_700_000_000.123_456, 1_700_000_000.123_456);
	await writeCheckpoint(one.checkpoints, keys.old, {});
	await writeCheckpoint(one.checkpoints, keys.web, { savedAt: 2 });
	await writeCheckpoint(one.checkpoints, keys.failed, { savedAt: 3, kind: 'failed', run: 'a-run' });
	await mkdir(one.hostKeys, { recursive: true });
	await writeFile(path.join(one.hostKeys, 'web.json'), 'key of web');
	await writeFile(path.join(one.hostKeys, 'other.json'), 'key of another lab');
	return { one, two: stores(path.join(directory, 'two')), shared: path.join(directory, 'shared'), image };
}

const quiet = { onProgress: () => undefined };

test('a host that has nothing begins with the image, the newest checkpoint and the host key of another', async (t) => {
	const { one, two, shared, image } = await makeHosts(t);
	t.deepEqual(await layCache([lab], one, shared), { images: 1, checkpoints: 1 });
	const reported: string[] = [];
	t.deepEqual(await bringCache(shared, two, { onProgress: (text) => reported.push(text) }), { images: 1, checkpoints: 1 });
	t.deepEqual(reported, [`this host lacks the image ${image}: copying it`, `this host lacks the checkpoint ${keys.web}: copying it`]);
	t.deepEqual((await readdir(path.join(two.images, image))).sort(), ['contents.txt', 'initrd', 'root.img', 'vmlinuz']);
	t.deepEqual(await readdir(two.checkpoints), [keys.web]);
	t.deepEqual((await readdir(path.join(two.checkpoints, keys.web))).sort(), ['0.ram', '0.state', 'checkpoint.json']);
	t.deepEqual(await readdir(two.hostKeys), ['web.json']);
	// A checkpoint knows its image by the time of this file.
	const times = await Promise.all([one, two].map(async (host) => (await stat(path.join(host.images, image, 'root.img'), { bigint: true })).mtimeNs));
	t.is(times[0], times[1]);
	t.is((await stat(path.join(two.checkpoints, keys.web))).mode & 0o777, 0o700);
	t.deepEqual((await readdir(two.images)).filter((name) => name !== image), []);
});

test('what a host has stays as it is', async (t) => {
	const { one, two, shared, image } = await makeHosts(t);
	await layCache([lab], one, shared);
	await mkdir(two.hostKeys, { recursive: true });
	await writeFile(path.join(two.hostKeys, 'web.json'), 'its own key');
	await mkdir(path.join(two.images, image), { recursive: true });
	for (const name of ['root.img', 'vmlinuz', 'initrd', 'contents.txt']) await writeFile(path.join(two.images, image, name), 'built here');
	t.deepEqual(await bringCache(shared, two, quiet), { images: 0, checkpoints: 1 });
	t.is(await readFile(path.join(two.images, image, 'root.img'), 'utf8'), 'built here');
	t.is(await readFile(path.join(two.hostKeys, 'web.json'), 'utf8'), 'its own key');
	t.deepEqual(await bringCache(shared, two, quiet), { images: 0, checkpoints: 0 });
});

test('what an interrupted removal has left makes room', async (t) => {
	const { one, two, shared, image } = await makeHosts(t);
	await layCache([lab], one, shared);
	await mkdir(path.join(two.images, image), { recursive: true });
	await writeFile(path.join(two.images, image, 'root.img'), '');
	t.like(await bringCache(shared, two, quiet), { images: 1 });
	t.is(await readFile(path.join(two.images, image, 'root.img'), 'utf8'), 'root.img');
	t.deepEqual(await readdir(two.images), [image]);
});

test('two jobs of a host bring it once', async (t) => {
	const { one, two, shared } = await makeHosts(t);
	await layCache([lab], one, shared);
	const brought = await Promise.all([bringCache(shared, two, quiet), bringCache(shared, two, quiet)]);
	t.deepEqual(brought.map(({ images }) => images).sort(), [0, 1]);
	t.deepEqual(brought.map(({ checkpoints }) => checkpoints).sort(), [0, 1]);
});

test('a host that has nothing either lays out nothing', async (t) => {
	const { two, shared } = await makeHosts(t);
	t.deepEqual(await layCache([lab], two, shared), { images: 0, checkpoints: 0 });
	t.deepEqual(await bringCache(shared, two, quiet), { images: 0, checkpoints: 0 });
	t.deepEqual(await bringCache(path.join(shared, 'nowhere'), two, quiet), { images: 0, checkpoints: 0 });
});
