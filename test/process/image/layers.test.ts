/** Layers below images, in a store with builds that are fakes; see store.test.ts. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { prepareLayer, provideImage } from '../../../src/image/store.js';
import { guest, makeStore, noted, request, type Store } from './stores.js';

// Serial: each store has its own PATH, and a process has one.
const environment = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };
test.afterEach.always(() => {
	for (const [name, value] of Object.entries(environment)) {
		if (value === undefined) delete process.env[name];
		else process.env[name] = value;
	}
});

const noteLayer = 'echo layer >>NOTES';
const layersOf = (store: Store) => path.join(path.dirname(store.directory), 'layers');
const other = { ...request, packages: ['cloud-init', 'nginx'], nodes: ['two'] };

/** A shell program that notes how mmdebstrap is called for an image. */
const noteCall = 'case "$*" in *--variant=custom*) echo "on a layer" ;; *--variant=minbase*) echo "from nothing" ;; esac >>NOTES';

test.serial('two images of the same base are made on one layer', async (t) => {
	const store = await makeStore(t, noteCall, ':', noteLayer);
	await provideImage(request, store.options);
	await provideImage(other, store.options);
	t.deepEqual(store.notes(), ['layer', 'begin', 'on a layer', 'begin', 'on a layer']);
	t.is((await readdir(layersOf(store))).length, 1);
	t.deepEqual(await readdir(store.temporary), [], 'what only lives during a build');
});

test.serial('so are two that are built at once: one builds the layer, the other waits and reports that', async (t) => {
	const store = await makeStore(t, 'exit 0', ':', `${noteLayer}; while ! grep -q waits NOTES; do sleep 0.05; done`);
	const notes = path.join(store.directory, '..', '..', 'notes');
	const emit: typeof store.options.emit = (event) => {
		if ('detail' in event && event.detail?.includes('somebody else installs')) void writeFile(notes, 'waits\n', { flag: 'a' });
	};
	await Promise.all([request, other].map((one) => provideImage(one, { ...store.options, emit })));
	t.deepEqual(store.notes().filter((note) => note === 'layer'), ['layer']);
	t.is((await readdir(store.directory)).length, 2);
});

test.serial('another suite and another base have another layer', async (t) => {
	const store = await makeStore(t, 'exit 0', ':', noteLayer);
	await provideImage(request, store.options);
	await provideImage({ ...request, suite: 'bookworm' }, store.options);
	await provideImage(request, { ...store.options, guest: { ...guest, base: ['cloud-init'] } });
	t.is((await readdir(layersOf(store))).length, 3);
});

test.serial('a layer with packages older than those of the mirror is built again, and the image on the new one', async (t) => {
	const store = await makeStore(
		t,
		`${noteCall}; [ "$(grep -c begin NOTES)" != 2 ] || { echo "E: the layer is outdated: libc6" >&2; exit 1; }`,
		':',
		noteLayer,
	);
	await provideImage(request, store.options);
	const [key = ''] = await readdir(layersOf(store));
	const { ino } = await stat(path.join(layersOf(store), key, 'layer.tar'));
	await provideImage(other, store.options);
	t.deepEqual(store.notes(), ['layer', 'begin', 'on a layer', 'begin', 'on a layer', 'layer', 'begin', 'on a layer']);
	t.deepEqual(await readdir(layersOf(store)), [key]);
	t.not((await stat(path.join(layersOf(store), key, 'layer.tar'))).ino, ino);
});

test.serial('packages that would not be the same on a layer are installed from nothing', async (t) => {
	const store = await makeStore(t, `${noteCall}; case "$*" in *--variant=custom*) echo "E: the layer is unfit: mawk" >&2; exit 1 ;; esac`, ':', noteLayer);
	const { rootFile } = await provideImage(request, store.options);
	t.deepEqual(store.notes(), ['layer', 'begin', 'on a layer', 'begin', 'from nothing']);
	t.true(existsSync(rootFile));
});

test.serial('a mirror whose packages change faster than layers are built: from nothing in the end', async (t) => {
	const store = await makeStore(t, `${noteCall}; case "$*" in *--variant=custom*) echo "E: the layer is outdated: x" >&2; exit 1 ;; esac`, ':', noteLayer);
	await provideImage(request, store.options);
	t.is(store.notes().filter((note) => note === 'layer').length, 3);
	t.is(store.notes().at(-1), 'from nothing');
});

for (const [damage, spoil] of [
	['gone', (directory: string) => rm(path.join(directory, 'layer.tar'))],
	['empty, as after a power failure', (directory: string) => writeFile(path.join(directory, 'layer.tar'), '')],
	['pruned', (directory: string) => rm(directory, { recursive: true })],
] as const) {
	test.serial(`a layer that is ${damage}, is built again`, async (t) => {
		const store = await makeStore(t, 'exit 0', ':', noteLayer);
		await prepareLayer(request, store.options);
		const [key = ''] = await readdir(layersOf(store));
		await spoil(path.join(layersOf(store), key));
		await provideImage(request, store.options);
		t.deepEqual(store.notes(), ['layer', 'layer', 'begin']);
	});
}

test.serial('a build has the layer that it began with, whatever becomes of it meanwhile', async (t) => {
	const store = await makeStore(t, 'echo ready >>NOTES; while ! grep -q pruned NOTES; do sleep 0.05; done; cat "$TMPDIR/layer/layer.tar" "$TMPDIR/layer/essential-status" >>NOTES');
	const building = provideImage(request, store.options);
	await noted(store, 'ready');
	await rm(layersOf(store), { recursive: true });
	await writeFile(path.join(store.directory, '..', '..', 'notes'), 'pruned\n', { flag: 'a' });
	await building;
	t.deepEqual(store.notes().slice(-2), ['layer', 'status']);
});

test.serial('a layer that fails leaves none, and its failure is that of the nodes that wait for it', async (t) => {
	const store = await makeStore(t, 'exit 0', ':', 'echo "E: no space left" >&2; exit 25');
	await t.throwsAsync(provideImage(request, store.options), { code: 'image-build-failed', message: /one/ });
	t.deepEqual(await readdir(layersOf(store)), []);
	t.deepEqual(await readdir(store.temporary), []);
});

test.serial('an abort ends the build of a layer, and what it started', async (t) => {
	const store = await makeStore(t, 'exit 0', ':', 'trap "echo ended >>NOTES; exit 1" TERM; echo ready >>NOTES; while :; do sleep 0.05; done');
	const reason = new Error('interrupted');
	const aborting = new AbortController();
	const building = provideImage(request, { ...store.options, signal: aborting.signal });
	await noted(store, 'ready');
	aborting.abort(reason);
	t.is(await t.throwsAsync(building), reason);
	t.true(store.notes().includes('ended'));
	t.deepEqual(await readdir(layersOf(store)), []);
});

test.serial('a layer can be read by whoever builds, under any umask', async (t) => {
	const before = process.umask(0o077);
	t.teardown(() => process.umask(before));
	const store = await makeStore(t, 'stat -c %A "$TMPDIR/layer" "$TMPDIR/layer/layer.tar" "$TMPDIR/layer/essential-status" >>NOTES');
	await provideImage(request, store.options);
	t.deepEqual(store.notes().slice(1), ['drwxr-xr-x', '-rw-r--r--', '-rw-r--r--']);
	const [key = ''] = await readdir(layersOf(store));
	t.like(JSON.parse(await readFile(path.join(layersOf(store), key, 'layer.json'), 'utf8')), { suite: 'trixie', packages: [] });
});
