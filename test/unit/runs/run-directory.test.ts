import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { createRunDirectory, pruneRuns, readHolder, writeHolder } from '../../../src/runs/run-directory.js';
import { isRunId, newRunId } from '../../../src/runs/run-id.js';

/** No process has it: process ids end at 2^22 (proc_sys_kernel(5)). */
const deadPid = 2 ** 22 + 1;

async function temporary(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(directory, { recursive: true }));
	return directory;
}

/** A directory of runs as they are left behind: each with disks, and with a process id where one is given. */
async function leave(t: ExecutionContext, left: Readonly<Record<string, number | undefined>>): Promise<string> {
	const runs = await temporary(t);
	for (const [name, pid] of Object.entries(left)) {
		await mkdir(path.join(runs, name, 'disks'), { recursive: true });
		await writeFile(path.join(runs, name, 'events.ndjson'), '');
		if (pid !== undefined) await writeFile(path.join(runs, name, 'pid'), `${tokenOf(pid)}\n`);
	}
	return runs;
}

test('runs that are spared are kept, however old', async (t) => {
	const runs = await temporary(t);
	for (const name of ['1-oldest', '2-old', '3-new']) await mkdir(path.join(runs, name));
	t.deepEqual(await pruneRuns(runs, 1, [path.join(runs, '1-oldest')]), [path.join(runs, '2-old')]);
	t.deepEqual((await readdir(runs)).sort(), ['1-oldest', '3-new']);
});

test('the newest runs are kept, the others go and are reported', async (t) => {
	const runs = await leave(t, { '20260101T000000-a': undefined, '20260103T000000-c': undefined, '20260102T000000-b': undefined });
	t.deepEqual(await pruneRuns(runs, 2), [path.join(runs, '20260101T000000-a')]);
	t.deepEqual(await readdir(runs), ['20260102T000000-b', '20260103T000000-c']);
});

test('the disks of a run whose tool was killed go, the rest is kept to be read', async (t) => {
	const runs = await leave(t, { killed: deadPid, garbled: -1, unseen: -1 });
	const longAgo = new Date(Date.now() - 2 * 3_600_000);
	await utimes(path.join(runs, 'garbled', 'pid'), longAgo, longAgo);
	t.deepEqual(await pruneRuns(runs, 3), []);
	t.true(existsSync(path.join(runs, 'unseen', 'disks')), 'of a process that cannot be seen, and that reported lately that it lives');
	for (const name of ['killed', 'garbled']) t.deepEqual((await readdir(path.join(runs, name))).sort(), ['events.ndjson', 'pid']);
});

test('whose a run is, is written to no file that a link leads to', async (t) => {
	const directory = await temporary(t);
	const precious = path.join(directory, 'precious');
	await writeFile(precious, 'precious');
	await symlink(precious, path.join(directory, 'pid'));
	await writeHolder(directory);
	t.is(await readFile(precious, 'utf8'), 'precious');
	t.like(await readHolder(directory), { pid: process.pid, isHeld: true });
	t.deepEqual((await readdir(directory)).sort(), ['pid', 'precious']);
});

test('a run that still goes on is left alone, however old it is', async (t) => {
	const runs = await leave(t, { '1-old': process.pid, '2-new': undefined });
	t.deepEqual(await pruneRuns(runs, 0), [path.join(runs, '2-new')]);
	t.true(existsSync(path.join(runs, '1-old', 'disks')));
});

test('so is one of another user: that it may not be signalled shows that it runs', async (t) => {
	// The first process of the host is root's. As root this shows only that it is found.
	const runs = await leave(t, { theirs: 1 });
	t.deepEqual(await pruneRuns(runs, 0), []);
});

test('where nothing ever ran there is nothing to prune', async (t) => {
	t.deepEqual(await pruneRuns(path.join(await temporary(t), 'none'), 0), []);
});

test('a new run has its directories, and leaves only what is to be read', async (t) => {
	const runs = path.join(await temporary(t), 'state', 'runs');
	const cleanup = new CleanupStack();
	const run = await createRunDirectory(runs, newRunId('sample'), cleanup);
	t.regex(run.id, /^\d{8}T\d{6}-sample-[0-9a-f]{4}$/);
	t.is((await readFile(path.join(run.path, 'pid'), 'utf8')).trim(), tokenOf());
	t.is((await stat(run.sockets)).mode & 0o777, 0o700);
	t.true(run.sockets.length < 60, 'a socket in it must have a path of at most 107 bytes');
	run.log({ at: 1, type: 'run-finished', ms: 2 });
	run.log({ at: 2, type: 'notice', message: 'two\nlines' });
	t.deepEqual(await cleanup.run(), []);
	t.false(existsSync(run.sockets));
	t.deepEqual((await readdir(run.path)).sort(), ['consoles', 'events.ndjson', 'seeds']);
	const events = (await readFile(path.join(run.path, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
	t.deepEqual(events.map((line) => (JSON.parse(line) as { at: number }).at), [1, 2]);
});

test('a name that a run has is refused before anything of that run is changed', async (t) => {
	const runs = path.join(await temporary(t), 'runs');
	const first = new CleanupStack();
	const second = new CleanupStack();
	const id = newRunId('sample');
	const { disks } = await createRunDirectory(runs, id, first);
	await t.throwsAsync(createRunDirectory(runs, id, second), { code: 'usage', message: `there is a run ${id} already` });
	t.deepEqual(await second.run(), []);
	t.true(existsSync(disks));
	t.deepEqual(await first.run(), []);
});

test('the name of a run is told apart from what leads elsewhere', (t) => {
	t.true(isRunId(newRunId('sample')));
	for (const other of ['', '..', 'sample', '20260101T120000-sample-0a1b/..', '../20260101T120000-sample-0a1b', '20260101T120000-a b-0a1b']) t.false(isRunId(other), other);
});

test('a run that is being made is safe from another that begins and prunes', async (t) => {
	const runs = path.join(await temporary(t), 'runs');
	const cleanup = new CleanupStack();
	const pruning = new AbortController();
	const pruner = (async () => {
		while (!pruning.signal.aborted) await pruneRuns(runs, 19);
	})();
	try {
		for (let count = 0; count < 19; count++) {
			const { disks } = await createRunDirectory(runs, newRunId(`lab${count}`), cleanup);
			t.true(existsSync(disks));
		}
	} finally {
		pruning.abort();
		await pruner;
	}
	t.is((await readdir(runs)).filter((name) => existsSync(path.join(runs, name, 'disks'))).length, 19);
	t.deepEqual(await cleanup.run(), []);
});

test('what others removed is no error of the clean-up', async (t) => {
	const cleanup = new CleanupStack();
	const run = await createRunDirectory(path.join(await temporary(t), 'runs'), newRunId('sample'), cleanup);
	for (const directory of [run.sockets, run.disks]) await rm(directory, { recursive: true });
	t.deepEqual(await cleanup.run(), []);
});

test('what a power failure left of a run that was being made goes, and what is being made is kept', async (t) => {
	const runs = path.join(await temporary(t), 'runs');
	const [old, young] = ['.20260101T000000-lab-0001', '.20260101T000000-lab-0002'].map((name) => path.join(runs, name)) as [string, string];
	for (const directory of [old, young]) {
		await mkdir(directory, { recursive: true });
		// The file was made, and nothing came to be in it.
		await writeFile(path.join(directory, 'pid'), '');
	}
	const yesterday = new Date(Date.now() - 24 * 60 * 60_000);
	await utimes(old, yesterday, yesterday);
	await pruneRuns(runs, 20);
	t.deepEqual(await readdir(runs), [path.basename(young)]);
});
