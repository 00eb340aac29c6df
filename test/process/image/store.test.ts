/**
 * The store of images with builds that are fakes: `mmdebstrap` and `unshare` of a PATH of their own, which note their
 * calls and make what the real ones would. Everything between, and the file system, is real.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { poll } from '../../../src/base/waiting.js';
import { allUpdates, updateSets, type Update } from '../../../src/image/archives.js';
import { findImage, imageKey, provideImage } from '../../../src/image/store.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import { startChild } from '../../../src/process/child.js';
import { guest, makeStore, noted, request } from './stores.js';

// Serial: each store has its own PATH, and a process has one.
const environment = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };
test.afterEach.always(() => {
	for (const [name, value] of Object.entries(environment)) {
		if (value === undefined) delete process.env[name];
		else process.env[name] = value;
	}
});

test.serial('an image that is missing is built once, and found from then on', async (t) => {
	const store = await makeStore(t, 'exit 0');
	t.is(await findImage(request, store.options), undefined);
	const image = await provideImage(request, store.options);
	for (const file of [image.rootFile, image.kernelFile, image.initrdFile]) t.true(existsSync(file), file);
	t.deepEqual(await provideImage(request, store.options), image);
	t.deepEqual(store.notes(), ['begin']);
	t.deepEqual(await readdir(store.directory), [image.key]);
	t.deepEqual(await readdir(store.temporary), [], 'what only lives during the build');
	t.like(JSON.parse(await readFile(path.join(store.directory, image.key, 'image.json'), 'utf8')), { packages: request.packages });
});

for (const [damage, spoil] of [
	['gone', (file: string) => rm(file)],
	['empty, as after a power failure', (file: string) => writeFile(file, '')],
] as const) {
	test.serial(`an image whose kernel is ${damage}, is built again`, async (t) => {
		const store = await makeStore(t, 'exit 0');
		const { kernelFile } = await provideImage(request, store.options);
		await spoil(kernelFile);
		t.is(await findImage(request, store.options), undefined);
		await provideImage(request, store.options);
		t.is(await readFile(kernelFile, 'utf8'), 'built\n');
		t.deepEqual(store.notes(), ['begin', 'begin']);
	});
}

test.serial('two that want the same image at once: one builds, the other waits and reports that', async (t) => {
	// The build ends only when the other is known to wait.
	const store = await makeStore(t, 'while ! grep -q waits NOTES; do sleep 0.05; done');
	const notes = path.join(store.directory, '..', '..', 'notes');
	const emit = (event: RunEventBody) => {
		store.events.push(event);
		if ('detail' in event && event.detail?.includes('another run builds this image')) {
			appendFileSync(notes, 'waits\n');
		}
	};
	const [one, two] = await Promise.all([
		provideImage(request, { ...store.options, emit }),
		provideImage({ ...request, nodes: ['two'] }, { ...store.options, emit }),
	]);
	t.deepEqual(one, two);
	t.deepEqual(store.notes().filter((note) => note === 'begin'), ['begin']);
});

test.serial('an image is built in TMPDIR where subordinate users can get there', async (t) => {
	const store = await makeStore(t, 'echo "$TMPDIR" >>NOTES');
	await provideImage(request, store.options);
	t.is(path.dirname(store.notes()[1] ?? ''), store.temporary);
});

test.serial('two caches do not build the same image in one place', async (t) => {
	const places = new Set<string>();
	for (let caches = 0; caches < 2; caches++) {
		const store = await makeStore(t, 'echo "$TMPDIR" >>NOTES');
		await provideImage(request, store.options);
		places.add(path.basename(store.notes()[1] ?? ''));
	}
	t.is(places.size, 2);
});

test.serial('an image is not built in a TMPDIR that is private', async (t) => {
	const store = await makeStore(t, 'echo "$TMPDIR" >>NOTES');
	await chmod(path.dirname(store.temporary), 0o700);
	await provideImage(request, store.options);
	const used = store.notes()[1] ?? '';
	t.is(path.dirname(used), '/var/tmp');
	t.false(existsSync(used), 'what only lives during the build');
});

test.serial('a build that fails leaves no image and no lock', async (t) => {
	const store = await makeStore(t, 'echo "E: Unable to locate package jq" >&2; exit 25');
	for (const attempt of ['first', 'second']) {
		await t.throwsAsync(provideImage(request, store.options), { code: 'package-unknown', message: /'jq'/ }, attempt);
	}
	t.is(await findImage(request, store.options), undefined);
	t.deepEqual(store.notes(), ['begin', 'begin']);
	t.deepEqual((await readdir(store.directory)).filter((name) => name.endsWith('.lock')), []);
});

test.serial('an abort ends the build, and what it started', async (t) => {
	const store = await makeStore(t, 'trap "echo ended >>NOTES; exit 1" TERM; echo ready >>NOTES; while :; do sleep 0.05; done');
	const reason = new Error('interrupted');
	const aborting = new AbortController();
	const building = provideImage(request, { ...store.options, signal: aborting.signal });
	await noted(store, 'ready');
	aborting.abort(reason);
	t.is(await t.throwsAsync(building), reason);
	t.true(store.notes().includes('ended'));
});

/** A child of the build's, and one of its own, which nobody but the janitors end. */
const forEver = 'echo "ready $$" >>NOTES; (while :; do touch "$TMPDIR/more" 2>/dev/null; sleep 0.02; done) & echo "child $!" >>NOTES; wait';

for (const [moment, bootstrap, unpack] of [
	['packages are installed', `grep -q ready NOTES && exit; ${forEver}`, ':'],
	['its file system is written', 'exit 0', `grep -q ready NOTES || { TMPDIR=$6; touch "$6/root.img"; ${forEver}; }`],
] as const) {
	test.serial(`a build that is killed while ${moment} leaves no process, no lock and no half of an image`, async (t) => {
		const store = await makeStore(t, bootstrap, unpack);
		const file = path.join(store.directory, '..', '..', 'request.json');
		await writeFile(file, JSON.stringify({ request, directory: store.directory, guest }));
		const builder = await startChild([process.execPath, path.join(import.meta.dirname, 'builder.js'), file]);
		t.teardown(() => builder.stop());
		const notes = await noted(store, 'child');
		const pids = [...notes.matchAll(/(?:ready|child) (\d+)/g)].map(([, pid]) => Number(pid));
		t.is(pids.length, 2);
		for (const pid of pids) t.not(await commandLine(pid), '');
		t.true((await readdir(store.directory)).length > 1, 'a lock, and half of an image');
		// Until its janitor is there, the build itself is ended by a signal, as mmdebstrap ends what it has begun.
		t.true((await poll(janitorOf(pids), (isThere) => isThere, { intervalMs: 20, deadlineMs: 20_000 })).last);
		process.kill(builder.pid, 'SIGKILL');
		await builder.exited;
		const left = async () => [
			...(await readdir(store.directory)),
			...(await readdir(store.temporary)),
			...(await Promise.all(pids.map(commandLine))).filter((line) => line !== ''),
		];
		t.deepEqual((await poll(left, (names) => names.length === 0, { intervalMs: 20, deadlineMs: 20_000 })).last, []);
		t.is(await findImage(request, store.options), undefined);
		const { rootFile, key } = await provideImage(request, store.options);
		t.is(await readFile(rootFile, 'utf8'), 'built\n');
		t.deepEqual(await readdir(store.directory), [key]);
	});
}

test.serial('what a power failure left of a build is not taken for an image, and makes room', async (t) => {
	const store = await makeStore(t, 'exit 0');
	const key = await imageKey(request, guest);
	const partial = path.join(store.directory, `${key}.partial-${tokenOf(4_194_305)}-ab12CD`);
	await mkdir(partial, { recursive: true });
	await writeFile(path.join(partial, 'root.img'), 'half of it');
	const lock = path.join(store.directory, `${key}.lock`);
	await mkdir(lock);
	const longAgo = new Date(Date.now() - 11_000);
	await utimes(lock, longAgo, longAgo);
	t.is(await findImage(request, store.options), undefined);
	const image = await provideImage(request, store.options);
	t.is(await readFile(image.rootFile, 'utf8'), 'built\n', 'nothing of the half is in it');
	t.deepEqual(await readdir(store.directory), [key]);
});

test.serial('an image reports which updates it has; one with fewer, or with more, will do', async (t) => {
	const store = await makeStore(t, 'exit 0');
	const of = (updates: readonly Update[] | undefined) => ({ ...store.options, findSources: async () => ({ updates }) });
	const image = await provideImage(request, of(['updates']));
	const description = JSON.parse(await readFile(path.join(store.directory, image.key, 'image.json'), 'utf8')) as { suites: string[] };
	t.deepEqual(description.suites, ['trixie', 'trixie-updates']);
	t.is(image.key, await imageKey(request, guest, ['updates']));
	t.deepEqual(await provideImage(request, of(allUpdates)), image);
	t.deepEqual(store.notes(), ['begin']);

	// Without the mirror, a new image has the updates of the layer that is there.
	const offline = await provideImage({ ...request, packages: ['cloud-init', 'nginx'] }, of(undefined));
	t.is(offline.key, await imageKey({ ...request, packages: ['cloud-init', 'nginx'] }, guest, ['updates']));
	t.is((await readdir(path.join(store.directory, '..', 'layers'))).length, 1);
});

test('a key follows from the packages and the suite, in every process the same', async (t) => {
	const key = await imageKey(request, guest);
	t.is(await imageKey({ ...request }, { ...guest }), key);
	t.not(await imageKey({ ...request, packages: ['cloud-init'] }, guest), key);
	t.not(await imageKey({ ...request, suite: 'bookworm' }, guest), key);
	t.is(new Set(await Promise.all(updateSets.map((updates) => imageKey(request, guest, updates)))).size, 4);
	t.is(await imageKey(request, { ...guest, features: { unused: ['x'] } }), key);
});

/** Whether somebody is there who kills the family of one of the processes. */
const janitorOf = (pids: readonly number[]) => async (): Promise<boolean> => {
	const all = await Promise.all((await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map((pid) => commandLine(Number(pid))));
	return all.some((line) => line.includes('kill -s KILL') && pids.some((pid) => line.split('\0').includes(String(pid))));
};

/** Empty for a process that is gone, or that is dead and only not yet waited for. */
const commandLine = (pid: number): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
