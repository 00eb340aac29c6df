import { mkdir, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { poll } from '../../../src/base/waiting.js';
import { leaseCheckpoint } from '../../../src/checkpoint/lease.js';
import { beginCheckpoint } from '../../../src/checkpoint/store.js';
import { buildOnce } from '../../../src/image/build-once.js';
import { makeScratch } from '../../../src/image/scratch.js';
import { readSubordinateRanges } from '../../../src/process/user-namespace.js';
import { holdRun, keepFresh } from '../../../src/runs/heartbeat.js';
import { holderFile, pruneRuns, readHolder, writeHolder } from '../../../src/runs/run-directory.js';
import { tokenOf, unseenMs } from '../../../src/base/alive.js';
import { key, make } from '../checkpoint/stores.js';

test('a run that goes on updates what others judge it by, who cannot see its process', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'heartbeat-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const [run, store] = [path.join(directory, 'run'), path.join(directory, 'store')];
	await mkdir(run);
	await writeHolder(run);
	await make(store);
	const cleanup = new CleanupStack();
	t.true(await leaseCheckpoint(path.join(store, key), process.pid, cleanup));
	// Made for this process by one that has ended: a reload of its lab.
	const staging = path.join(store, `.${key}.${tokenOf()}.1234abcd`);
	await mkdir(staging);
	const files = [holderFile(run), path.join(store, key, `in-use.${tokenOf()}`), staging];
	const longAgo = new Date(0);
	for (const file of files) await utimes(file, longAgo, longAgo);
	keepFresh(run, store, cleanup, 10);
	const ages = async () => Promise.all(files.map(async (file) => Date.now() - (await stat(file)).mtimeMs));
	const { accepted } = await poll(ages, (now) => now.every((age) => age < 60_000), { intervalMs: 10, deadlineMs: 10_000 });
	t.true(accepted);
	t.deepEqual(await cleanup.run(), []);
});

test('a run that has ended is held by whoever still needs it, for those too who cannot see the process', async (t) => {
	const runs = await mkdtemp(path.join(os.tmpdir(), 'heartbeat-'));
	t.teardown(() => rm(runs, { recursive: true }));
	const run = path.join(runs, '20260101T000000-web-0001');
	await mkdir(run);
	const cleanup = new CleanupStack();
	await holdRun(run, cleanup, 10);
	await utimes(holderFile(run), new Date(0), new Date(0));
	const age = async () => Date.now() - (await stat(holderFile(run))).mtimeMs;
	t.true((await poll(age, (now) => now < 60_000, { intervalMs: 10, deadlineMs: 10_000 })).accepted);
	t.deepEqual(await pruneRuns(runs, 0), []);
	// One that is gone, and one that has never had a directory, are no error and leave nothing.
	for (const none of [path.join(runs, 'gone'), '']) await holdRun(none, cleanup, 10);
	t.deepEqual(await cleanup.run(), []);
	t.is(await readHolder(run), undefined);
	t.deepEqual(await pruneRuns(runs, 0), [run]);
});

/** What comes every ten minutes comes at once. */
function hurry(t: ExecutionContext): void {
	const { setInterval: usual } = globalThis;
	globalThis.setInterval = ((act: () => void, ms?: number) => usual(act, ms === unseenMs / 6 ? 10 : ms)) as typeof setInterval;
	t.teardown(() => (globalThis.setInterval = usual));
}

/** Whether a directory that was not touched for years is touched now. */
async function isTouched(directory: string): Promise<boolean> {
	await utimes(directory, new Date(0), new Date(0));
	const age = async () => Date.now() - (await stat(directory)).mtimeMs;
	return (await poll(age, (now) => now < unseenMs / 2, { intervalMs: 10, deadlineMs: 10_000 })).accepted;
}

test.serial('so does whoever fills a directory that others would sweep away: of a checkpoint, a build, or scratch', async (t) => {
	hurry(t);
	const directory = await mkdtemp('/var/tmp/heartbeat-');
	t.teardown(() => rm(directory, { recursive: true }));
	const cleanup = new CleanupStack();
	const staging = await beginCheckpoint(path.join(directory, 'checkpoints'), key, process.pid, cleanup);
	t.true(await isTouched(staging));
	const files = path.join(directory, 'files');
	await mkdir(files);
	const scratch = await makeScratch(files, await readSubordinateRanges(), { scratchBase: directory, packageCache: path.join(directory, 'packages') }, cleanup);
	t.true(await isTouched(scratch));
	t.deepEqual(await cleanup.run(), []);
	const built = path.join(directory, 'built');
	await buildOnce({
		directory: built,
		find: () => stat(path.join(built, 'whole')).catch(() => undefined),
		build: async (into) => {
			t.true(await isTouched(into));
			await mkdir(path.join(into, 'whole'));
		},
		onWait: () => undefined,
	});
});
