/** The store of checkpoints on a real file system: what is made, damaged, killed and bounded. */
import { link, mkdir, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { boundCheckpoints, listStagingDirectories, listCheckpoints, sweep } from '../../../src/checkpoint/inventory.js';
import { leaseCheckpoint } from '../../../src/checkpoint/lease.js';
import type { Manifest } from '../../../src/checkpoint/manifest.js';
import {
	beginCheckpoint,
	discardCheckpoint,
	findCheckpoint,
	publishCheckpoint,
	verifyCheckpoint,
} from '../../../src/checkpoint/store.js';
import { startChild } from '../../../src/process/child.js';
import type { MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { asProvisioned } from '../../../src/supervisor/debugging/provisioned.js';
import { findStartedLab } from '../../../src/supervisor/started-lab.js';
import { find, key, make, makeStore, otherProcess, writeFiles } from './stores.js';

test('a checkpoint is found once it is published, private and whole', async (t) => {
	const store = await makeStore(t);
	t.is(await findCheckpoint(store, key), undefined);
	const cleanup = new CleanupStack();
	const staging = await beginCheckpoint(store, key, process.pid, cleanup);
	t.is((await stat(staging)).mode & 0o777, 0o700);
	const manifest = await writeFiles(staging);
	t.is(await findCheckpoint(store, key), undefined);
	t.true(await publishCheckpoint(staging, store, manifest));
	t.deepEqual(await cleanup.run(), []);
	const checkpoint = await find(t, store);
	t.deepEqual(checkpoint, { directory: path.join(store, key), manifest });
	t.is(await verifyCheckpoint(checkpoint), undefined);
	t.like(await listCheckpoints(store), [{ key, found: { checkpoint }, leased: false }]);
	t.deepEqual(await readdir(store), [key]);
});

test('one that is never published goes with the clean-up', async (t) => {
	const store = await makeStore(t);
	const cleanup = new CleanupStack();
	await writeFiles(await beginCheckpoint(store, key, process.pid, cleanup));
	t.deepEqual(await cleanup.run(), []);
	t.deepEqual(await readdir(store), []);
});

test('of two that are published by the same key the first is kept, and nothing of the second', async (t) => {
	const store = await makeStore(t);
	const stagingDirectories = await Promise.all([1, 2].map(() => beginCheckpoint(store, key, process.pid, new CleanupStack())));
	const manifests = await Promise.all(stagingDirectories.map((staging) => writeFiles(staging)));
	const taken = await Promise.all(
		stagingDirectories.map((staging, index) => publishCheckpoint(staging, store, { ...(manifests[index] as Manifest), savedAt: index })),
	);
	t.deepEqual([...taken].sort(), [false, true]);
	const checkpoint = await find(t, store);
	t.is(checkpoint.manifest.savedAt, taken.indexOf(true));
	t.is(await verifyCheckpoint(checkpoint), undefined);
	t.deepEqual(await readdir(store), [key]);
});

test('one that a damaged one is in the way of is an error, and takes no room', async (t) => {
	const store = await makeStore(t);
	await make(store);
	await truncate(path.join(store, key, 'checkpoint.json'));
	await t.throwsAsync(make(store), { code: 'checkpoint', message: 'a damaged one is in its place: checkpoint.json is not JSON' });
	t.deepEqual(await readdir(store), [key]);
});

test('one that cannot be finished is an error, and takes no room', async (t) => {
	const store = await makeStore(t);
	const staging = await beginCheckpoint(store, key, process.pid, new CleanupStack());
	const manifest = await writeFiles(staging);
	await mkdir(path.join(staging, 'checkpoint.json'));
	await t.throwsAsync(publishCheckpoint(staging, store, manifest), { code: 'EISDIR' });
	t.deepEqual(await readdir(store), []);
});

const damaged = test.macro({
	title: (title) => `damage: ${title}`,
	async exec(t, damage: (directory: string) => Promise<void>, reason: string) {
		const store = await makeStore(t);
		await make(store);
		const directory = path.join(store, key);
		await damage(directory);
		const found = await findCheckpoint(store, key);
		t.is(found && ('damaged' in found ? found.damaged : await verifyCheckpoint(found.checkpoint)), reason);
		await discardCheckpoint(directory);
		t.is(await findCheckpoint(store, key), undefined);
		t.true(await make(store));
		t.is(await verifyCheckpoint(await find(t, store)), undefined);
	},
});

const zeroes = Buffer.alloc(4096);

test('no manifest', damaged, (directory) => rm(path.join(directory, 'checkpoint.json')), 'checkpoint.json is missing');
test('half a manifest', damaged, (directory) => truncate(path.join(directory, 'checkpoint.json'), 100), 'checkpoint.json is not JSON');
test('RAM cut off', damaged, (directory) => truncate(path.join(directory, 'web.ram'), 9), 'web.ram is 9 bytes instead of 4194304 (truncated?)');
test('RAM zeroed', damaged, (directory) => writeFile(path.join(directory, 'web.ram'), zeroes, { flag: 'r+' }), 'web.ram has other contents than were saved');
test('a layer gone', damaged, (directory) => rm(path.join(directory, 'redis.qcow2')), 'redis.qcow2 is missing');
test('two files swapped', damaged, async (directory) => {
	await rename(path.join(directory, 'web.ram'), path.join(directory, 'aside'));
	await rename(path.join(directory, 'redis.ram'), path.join(directory, 'web.ram'));
	await rename(path.join(directory, 'aside'), path.join(directory, 'redis.ram'));
}, 'web.ram has other contents than were saved');

test('a lab that runs goes back to no checkpoint that is damaged', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const lab = { checkpoints: store, startedKey: key };
	const machine = { spec: { name: 'web' }, provisionedKey: key } as MachineRunSpec;
	t.is((await findStartedLab(lab)).manifest.key, key);
	t.is((await asProvisioned(machine, store)).origin.from, 'checkpoint');

	await truncate(path.join(store, key, 'web.ram'), 9);
	const damage = 'web.ram is 9 bytes instead of 4194304 (truncated?)';
	await t.throwsAsync(findStartedLab(lab), { code: 'usage', message: `the checkpoint of the started lab is damaged: ${damage}` });
	t.like(await asProvisioned(machine, store), { origin: { from: 'power-on', why: `its checkpoint is damaged: ${damage}` } });
});

test('the files of other machines than those asked for are not looked at', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const checkpoint = await find(t, store);
	await rm(path.join(checkpoint.directory, 'redis.ram'));
	t.is(await verifyCheckpoint(checkpoint, { nodes: ['web'] }), undefined);
	t.is(await verifyCheckpoint(checkpoint, { nodes: ['web', 'redis'] }), 'redis.ram is missing');
});

test('to discard what is not there is no error', async (t) => {
	const store = await makeStore(t);
	await t.notThrowsAsync(discardCheckpoint(path.join(store, key)));
	await make(store);
	const directory = path.join(store, key);
	await Promise.all([1, 2, 3].map(() => discardCheckpoint(directory)));
	t.deepEqual(await readdir(store), []);
});

test('what a killed run was writing is swept away, and its leases; what a living one writes is not', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const directory = path.join(store, key);
	const longAgo = new Date(1e12);
	const [dead, alive] = [await otherProcess(t), await otherProcess(t)];
	const left = await beginCheckpoint(store, key, dead.pid, new CleanupStack());
	const written = await beginCheckpoint(store, key, alive.pid, new CleanupStack());
	await writeFiles(left);
	for (const { pid } of [dead, alive]) await leaseCheckpoint(directory, pid, new CleanupStack());
	await mkdir(path.join(store, `.${key}.gone.0011`));
	await mkdir(path.join(store, '.trash'));
	await utimes(directory, longAgo, longAgo);
	dead.kill('SIGKILL');
	await dead.exited;
	t.is((await listStagingDirectories(store)).filter(({ isWritten }) => isWritten).length, 1);
	await sweep(store);
	t.deepEqual((await readdir(store)).sort(), [path.basename(written), '.trash', key].sort());
	t.deepEqual((await readdir(directory)).filter((name) => name.startsWith('in-use')), [`in-use.${tokenOf(alive.pid)}`]);
	t.is((await stat(directory)).mtimeMs, longAgo.getTime());
});

test('a run that is killed while it saves leaves nothing that is taken for a checkpoint', async (t) => {
	const store = await makeStore(t);
	const module = (name: string) => JSON.stringify(new URL(`../../../src/${name}`, import.meta.url).href);
	const program = `
		import { writeFile } from 'node:fs/promises';
		import { CleanupStack } from ${module('base/cleanup.js')};
		import { beginCheckpoint } from ${module('checkpoint/store.js')};
		const staging = await beginCheckpoint(${JSON.stringify(store)}, '${key}', process.pid, new CleanupStack());
		await writeFile(staging + '/0.ram', 'x');
		process.kill(process.pid, 'SIGKILL');
	`;
	const child = await startChild([process.execPath, '--input-type=module', '-e', program]);
	t.is((await child.exited).signal, 'SIGKILL');
	t.is((await readdir(store)).length, 1);
	t.is(await findCheckpoint(store, key), undefined);
	t.deepEqual(await listCheckpoints(store), []);
	await sweep(store);
	t.deepEqual(await readdir(store), []);
});

test('the store is kept within its limit: what was not used for longest goes, what is in use is kept', async (t) => {
	const store = await makeStore(t);
	const keys = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(16));
	const [leased = '', oldest = '', used = '', newest = ''] = keys;
	for (const [index, one] of keys.entries()) {
		await make(store, one);
		const time = new Date(1e12 + index * 1000);
		if (one === leased) await leaseCheckpoint(path.join(store, one), process.pid, new CleanupStack());
		await utimes(path.join(store, one), time, time);
	}
	const listed = await listCheckpoints(store);
	t.deepEqual(listed.map(({ leased: isLeased }) => isLeased), [true, false, false, false]);
	t.deepEqual(listed.map(({ usedAt }) => usedAt), [0, 1, 2, 3].map((index) => 1e12 + index * 1000));
	const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
	// Each has 4 files of 4 MiB, which are holes but for some 20 KB.
	t.true(total > 4 * 4 * 4096 && total < 4 * 2 ** 20, `${total}`);
	t.deepEqual(await boundCheckpoints(store, total), []);
	await find(t, store, used);
	t.deepEqual((await boundCheckpoints(store, total - 1)).map(({ key: one }) => one), [oldest]);
	t.deepEqual((await boundCheckpoints(store, 0, [used])).map(({ key: one }) => one), [newest]);
	t.deepEqual((await readdir(store)).sort(), [leased, used]);
});

test('what two checkpoints have in common counts once', async (t) => {
	const store = await makeStore(t);
	const [one, other] = ['a'.repeat(16), 'b'.repeat(16)] as const;
	await make(store, one);
	await writeFile(path.join(store, one, 'web.ram'), Buffer.alloc(2 ** 20, 'x'));
	await make(store, other);
	await rm(path.join(store, other, 'web.ram'));
	await link(path.join(store, one, 'web.ram'), path.join(store, other, 'web.ram'));
	const sizes = async () => (await listCheckpoints(store)).map(({ bytes }) => bytes);
	for (const bytes of await sizes()) t.true(bytes > 2 ** 19 && bytes < 2 ** 20, `half of it: ${bytes}`);
	await utimes(path.join(store, one), 1, 1);
	// Not half of it is what goes with the older one, and the newer one occupies all of it then.
	t.is((await boundCheckpoints(store, 2 ** 20)).length, 2);
	await make(store, one);
	t.is((await boundCheckpoints(store, 2 ** 20)).length, 0);
});

test('a manifest is on the disk what it is in memory', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const { directory, manifest } = await find(t, store);
	t.deepEqual(JSON.parse(await readFile(path.join(directory, 'checkpoint.json'), 'utf8')), manifest);
});
