import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pruneCommand } from '../../../src/commands/prune.js';
import { acquireLock } from '../../../src/process/lock.js';

const builtKey = '0123456789abcdef';
const partialKey = 'fedcba9876543210';

/** Caches with an image, a killed build, packages, and a finished run. */
async function fill(t: ExecutionContext) {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-prune-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const put = async (file: string, text: string) => {
		await mkdir(path.join(directory, path.dirname(file)), { recursive: true });
		await writeFile(path.join(directory, file), text);
	};
	await put(`cache/images/${builtKey}/root.img`, 'x'.repeat(50_000));
	await put(`cache/images/${partialKey}.partial/root.img`, 'x');
	await put('cache/images/notes.txt', 'somebody else’s');
	await put('cache/packages/curl.deb', 'x');
	await put('state/runs/20260101T000000-lab-0001/events.ndjson', '');
	const paths = { cache: path.join(directory, 'cache'), images: path.join(directory, 'cache/images'), runs: path.join(directory, 'state/runs') };
	const prune = async (list = false) => {
		let text = '';
		const terminal = { stdout: { write: (chunk: string) => (text += chunk) }, stdoutColor: false };
		t.is(await pruneCommand({ paths, list, json: true, terminal }), 0);
		return JSON.parse(text) as {
			freed_bytes: number;
			removable_bytes: number;
			removed: { kind: string; path: string }[];
			kept: { kind: string; path: string; reason: string }[];
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
	t.false(has(`cache/images/${partialKey}.partial`));
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

test('an image that is being built stays, and so do the packages that it is built of', async (t) => {
	const { paths, prune, has } = await fill(t);
	const lock = await acquireLock(path.join(paths.images, partialKey), { timeoutMs: 0 });
	t.teardown(() => lock.release());
	const { kept, removed } = await prune();
	t.deepEqual(kept.map(({ kind }) => kind), ['image', 'packages']);
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'image']);
	t.true(has(`cache/images/${partialKey}.partial/root.img`));
	t.true(has('cache/packages/curl.deb'));
});

test('a run that goes on stays, and so do the images that its machines read', async (t) => {
	const { put, prune, has } = await fill(t);
	await put('state/runs/20260102T000000-lab-0002/pid', `${process.pid}\n`);
	const { kept, removed } = await prune();
	t.deepEqual(kept.map(({ kind }) => kind), ['run', 'image', 'image']);
	t.regex(kept[0]?.reason ?? '', new RegExp(`process ${process.pid}`));
	t.deepEqual(removed.map(({ kind }) => kind), ['run', 'packages']);
	t.true(has(`cache/images/${builtKey}/root.img`));
	t.true(has('state/runs/20260102T000000-lab-0002/pid'));
});

test('a run whose tool is dead is over', async (t) => {
	const { put, prune } = await fill(t);
	// Beyond the largest id that Linux gives (proc(5), pid_max).
	await put('state/runs/20260102T000000-lab-0002/pid', '5000000\n');
	t.deepEqual((await prune()).removed.filter(({ kind }) => kind === 'run').length, 2);
});

test('nothing was ever kept', async (t) => {
	const { paths, prune } = await fill(t);
	await rm(path.dirname(paths.images), { recursive: true });
	await rm(paths.runs, { recursive: true });
	t.deepEqual((await prune()).removed, []);
});
