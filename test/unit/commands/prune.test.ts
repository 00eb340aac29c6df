import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { pruneCommand } from '../../../src/commands/prune.js';
import { acquireLock } from '../../../src/process/lock.js';
import { manifest } from '../checkpoint/manifests.js';

const builtKey = '0123456789abcdef';
const partialKey = 'fedcba9876543210';
/** Beyond the largest id that Linux gives (proc(5), pid_max). */
const deadPid = 5_000_000;

/** Caches with an image, a killed build, packages, and a finished run. */
async function fill(t: ExecutionContext) {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-prune-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const put = async (file: string, text: string) => {
		await mkdir(path.join(directory, path.dirname(file)), { recursive: true });
		await writeFile(path.join(directory, file), text);
	};
	await put(`cache/images/${builtKey}/root.img`, 'x'.repeat(50_000));
	await put(`cache/images/${partialKey}.partial-${tokenOf(deadPid)}-ab12CD/root.img`, 'x');
	await put('cache/images/notes.txt', 'somebody else’s');
	await put('cache/packages/curl.deb', 'x');
	await put('state/runs/20260101T000000-lab-0001/events.ndjson', '');
	const inCache = (name: string) => path.join(directory, 'cache', name);
	const paths = {
		cache: path.join(directory, 'cache'),
		images: inCache('images'),
		layers: inCache('layers'),
		isos: inCache('isos'),
		isoBases: inCache('iso-bases'),
		checkpoints: inCache('checkpoints'),
		hostKeys: inCache('host-keys'),
		state: path.join(directory, 'state'),
		runs: path.join(directory, 'state/runs'),
		locks: path.join(directory, 'state/locks'),
	};
	const prune = async (list = false) => {
		let text = '';
		const terminal = { stdout: { write: (chunk: string) => (text += chunk) }, stdoutColor: false };
		t.is(await pruneCommand({ paths, list, json: true, terminal }), 0);
		return JSON.parse(text) as {
			freed_bytes: number;
			removable_bytes: number;
			removed: { kind: string; path: string; bytes: number; checkpoint?: object }[];
			kept: { kind: string; path: string; bytes: number; checkpoint?: object; reason: string }[];
		};
	};
	return { paths, put, prune, has: (file: string) => existsSync(path.join(directory, file)) };
}

test('what can be made again and what is over is removed, and nothing else', async (t) => {
	const { prune, has } = await fill(t);
	const { removed, kept, freed_bytes: freed } = await prune();
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'image', 'image', 'packages']);
	t.deepEqual(kept, []);
	t.true(freed >= 50_000);
	t.false(has(`cache/images/${builtKey}`));
	t.false(has(`cache/images/${builtKey}.lock`));
	t.false(has(`cache/images/${partialKey}.partial-${tokenOf(deadPid)}-ab12CD`));
	t.false(has('cache/packages'));
	t.false(has('state/runs/20260101T000000-lab-0001'));
	t.true(has('cache/images/notes.txt'));
	t.deepEqual((await prune()).removed, []);
});

test('a list removes nothing', async (t) => {
	const { prune, has } = await fill(t);
	const listed = await prune(true);
	t.is(listed.freed_bytes, 0);
	t.true(has(`cache/images/${builtKey}/root.img`));
	t.true(has('state/runs/20260101T000000-lab-0001'));
	const { removed, freed_bytes: freed } = await prune();
	t.deepEqual(removed, listed.removed);
	t.is(freed, listed.removable_bytes);
});

test('an image that is being built is kept, and so are the packages that it is built of', async (t) => {
	const { paths, prune, has } = await fill(t);
	const lock = await acquireLock(path.join(paths.images, partialKey), { timeoutMs: 0 });
	t.teardown(() => lock.release());
	const { kept, removed } = await prune();
	t.deepEqual(kept.map(({ kind }) => kind), ['image', 'packages']);
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'image']);
	t.true(has(`cache/images/${partialKey}.partial-${tokenOf(deadPid)}-ab12CD/root.img`));
	t.true(has('cache/packages/curl.deb'));
});

test('a run that goes on is kept, and so are the images that its machines read', async (t) => {
	const { put, prune, has } = await fill(t);
	await put('state/runs/20260102T000000-lab-0002/pid', `${tokenOf()}\n`);
	const { kept, removed } = await prune();
	t.deepEqual(kept.map(({ kind }) => kind), ['run', 'image', 'image']);
	t.regex(kept[0]?.reason ?? '', new RegExp(`process ${process.pid}`));
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'packages']);
	t.true(has(`cache/images/${builtKey}/root.img`));
	t.true(has('state/runs/20260102T000000-lab-0002/pid'));
});

test('with it are kept the base layers that its ISOs are written from and started with, and the host keys that its nodes are known by', async (t) => {
	const { put, prune, has } = await fill(t);
	await put(`cache/iso-bases/${builtKey}/vmlinuz`, 'x');
	await put(`cache/isos/${builtKey}/web.iso`, 'x');
	await put(`cache/layers/${builtKey}/layer.tar`, 'x');
	await put('cache/host-keys/web.json', 'x');
	await put('cache/accelerator/canary.json', 'x');
	await put('state/runs/20260102T000000-lab-0002/pid', `${tokenOf()}\n`);
	const { kept, removed } = await prune();
	t.deepEqual(kept.map(({ kind }) => kind), ['run', 'image', 'image', 'iso-base', 'iso', 'host-keys']);
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'layer', 'packages', 'accelerator']);
	t.true(has(`cache/iso-bases/${builtKey}/vmlinuz`));
	t.true(has('cache/host-keys/web.json'));
	await rm(path.dirname(kept[0]?.path ?? ''), { recursive: true });
	t.deepEqual((await prune()).removed.map(({ kind }) => kind), ['image', 'image', 'iso-base', 'iso', 'host-keys']);
});

test('what a run needs is kept also where the run began while other things were removed', async (t) => {
	const { paths, put, prune, has } = await fill(t);
	await put('cache/host-keys/web.json', 'x');
	const { images } = paths;
	// Images are looked for after all checkpoints are gone, which may take long.
	Object.defineProperty(paths, 'images', {
		get() {
			mkdirSync(path.join(paths.runs, '20260102T000000-lab-0002'), { recursive: true });
			writeFileSync(path.join(paths.runs, '20260102T000000-lab-0002', 'pid'), `${tokenOf()}\n`);
			return images;
		},
	});
	const { kept, removed } = await prune();
	t.deepEqual(kept.map(({ kind }) => kind), ['image', 'image', 'host-keys']);
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'packages']);
	t.true(has(`cache/images/${builtKey}/root.img`));
});

test('an image is kept also where a run has begun since that was looked for: nobody may find what is about to go', async (t) => {
	const { paths, prune, has } = await fill(t);
	const { runs } = paths;
	const seen: boolean[] = [];
	// The runs are looked through once to be pruned, and then for the image: before it is put out of sight, and after.
	Object.defineProperty(paths, 'runs', {
		get() {
			seen.push(has(`cache/images/${builtKey}`));
			if (seen.length === 3) {
				mkdirSync(path.join(runs, '20260102T000000-lab-0002'), { recursive: true });
				writeFileSync(path.join(runs, '20260102T000000-lab-0002', 'pid'), `${tokenOf()}\n`);
			}
			return runs;
		},
	});
	const { kept } = await prune();
	t.deepEqual(seen.slice(0, 4), [true, true, false, true]);
	t.deepEqual(kept.map(({ kind, reason }) => [kind, reason]), [['image', 'a rehearsal goes on'], ['image', 'a rehearsal goes on']]);
	t.true(has(`cache/images/${builtKey}/root.img`));
});

test('the rest of a run that was being made when the power failed keeps nothing', async (t) => {
	const { paths, put, prune, has } = await fill(t);
	const rest = 'state/runs/.20260102T000000-lab-0002';
	await put(`${rest}/pid`, '');
	t.deepEqual((await prune(true)).kept.map(({ kind }) => kind), ['run', 'image', 'image'], 'it may be only beginning');
	const yesterday = new Date(Date.now() - 24 * 60 * 60_000);
	await utimes(path.join(paths.runs, path.basename(rest)), yesterday, yesterday);
	t.deepEqual((await prune()).kept, []);
	t.false(has(rest));
});

test('a run whose tool is dead is over', async (t) => {
	const { put, prune } = await fill(t);
	await put('state/runs/20260102T000000-lab-0002/pid', `${tokenOf(deadPid)}\n`);
	t.deepEqual((await prune()).removed.filter(({ kind }) => kind === 'run').length, 2);
});

test('checkpoints go, reported as what they are, but for those that somebody runs from or writes', async (t) => {
	const { put, prune, has } = await fill(t);
	const keys = ['a', 'b', 'c'].map((digit) => digit.repeat(16));
	const [leased = '', free = '', damaged = ''] = keys;
	const store = 'cache/checkpoints';
	for (const key of keys) {
		await put(`${store}/${key}/checkpoint.json`, key === damaged ? '' : JSON.stringify({ ...manifest, key }));
		await put(`${store}/${key}/0.ram`, 'x'.repeat(50_000));
		await put(`${store}/${key}/in-use.${tokenOf(key === leased ? process.pid : deadPid)}`, '');
	}
	await put(`${store}/.${free}.${tokenOf()}.01/0.ram`, 'x');
	await put(`${store}/.${free}.${tokenOf(deadPid)}.01/0.ram`, 'x');
	await put(`${store}/.${free}.gone.01/0.ram`, 'x');
	await put(`${store}/notes.txt`, 'somebody else’s');
	const listed = await prune(true);
	t.true(keys.every((key) => has(`${store}/${key}/checkpoint.json`)));
	const { removed, kept } = await prune();
	t.deepEqual([removed, kept], [listed.removed, listed.kept]);
	const [first, second, ...stagingDirectories] = removed.filter(({ kind }) => kind === 'checkpoint');
	t.like(first, { checkpoint: { kind: 'provisioned', lab: 'photos', nodes: ['redis'], saved_at: '2023-11-14T22:13:20.000Z' } });
	t.true((first?.bytes ?? 0) >= 50_000);
	t.like(second, { checkpoint: { damaged: 'checkpoint.json is not JSON' } });
	t.deepEqual(stagingDirectories.map(({ path: staging }) => path.basename(staging)), [`.${free}.${tokenOf(deadPid)}.01`, `.${free}.gone.01`]);
	t.deepEqual(kept.map(({ reason }) => reason), ['a rehearsal runs from it', 'a rehearsal saves it']);
	t.like(kept[0], { checkpoint: { lab: 'photos' } });
	t.true(has(`${store}/${leased}/0.ram`));
	t.true(has(`${store}/.${free}.${tokenOf()}.01/0.ram`));
	t.true(has(`${store}/notes.txt`));
	for (const { path: gone } of removed) t.false(existsSync(gone), gone);
});

test('nothing was ever kept', async (t) => {
	const { paths, prune } = await fill(t);
	await rm(path.dirname(paths.images), { recursive: true });
	await rm(paths.runs, { recursive: true });
	t.deepEqual((await prune()).removed, []);
});

test('base layers of ISOs go too, but for one that is being built, which keeps the packages', async (t) => {
	const { paths, put, prune, has } = await fill(t);
	await put(`cache/iso-bases/${builtKey}/10-base.squashfs`, 'x');
	await put(`cache/iso-bases/${partialKey}.partial/10-base.squashfs`, 'x');
	const lock = await acquireLock(path.join(paths.isoBases, partialKey), { timeoutMs: 0 });
	const { removed, kept } = await prune();
	await lock.release();
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'image', 'image', 'iso-base']);
	t.deepEqual(kept.map(({ kind }) => kind), ['iso-base', 'packages']);
	t.false(has(`cache/iso-bases/${builtKey}`));
	t.true(has(`cache/iso-bases/${partialKey}.partial/10-base.squashfs`));
});

test('so do the layers below images, but for one that is being built', async (t) => {
	const { paths, put, prune, has } = await fill(t);
	await put(`cache/layers/${builtKey}/layer.tar`, 'x');
	await put(`cache/layers/${partialKey}.partial/layer.tar`, 'x');
	const lock = await acquireLock(path.join(paths.layers, partialKey), { timeoutMs: 0 });
	const { removed, kept } = await prune();
	await lock.release();
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'image', 'image', 'layer']);
	t.deepEqual(kept.map(({ kind }) => kind), ['layer', 'packages']);
	t.false(has(`cache/layers/${builtKey}`));
	t.true(has(`cache/layers/${partialKey}.partial/layer.tar`));
});
