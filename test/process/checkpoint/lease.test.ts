/** Leases of checkpoints, with other processes that live, die and come in between. */
import { existsSync } from 'node:fs';
import { access, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { endOtherLeases } from '../../../src/checkpoint/inventory.js';
import { isLeased, leaseCheckpoint, removeUnleased, withdrawCheckpoint } from '../../../src/checkpoint/lease.js';
import { discardCheckpoint, findCheckpoint, verifyCheckpoint } from '../../../src/checkpoint/store.js';
import { find, key, make, makeStore, otherProcess } from './stores.js';

test('one of no use is found by nobody, and takes nothing from another lab that runs from it', async (t) => {
	const store = await makeStore(t);
	const directory = path.join(store, key);
	const other = await otherProcess(t);
	await make(store);
	await leaseCheckpoint(directory, process.pid, new CleanupStack());
	await leaseCheckpoint(directory, other.pid, new CleanupStack());
	await withdrawCheckpoint(directory);
	t.deepEqual(await findCheckpoint(store, key), { damaged: 'checkpoint.json is missing' });
	t.true(existsSync(path.join(directory, 'web.qcow2')));

	await rm(path.join(directory, `in-use.${tokenOf(other.pid)}`));
	await withdrawCheckpoint(directory);
	t.deepEqual(await readdir(store), []);
});

test('a lease keeps a checkpoint until the clean-up, or the death of its holder', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const directory = path.join(store, key);
	const cleanup = new CleanupStack();
	const other = await otherProcess(t);
	t.true(await leaseCheckpoint(directory, process.pid, cleanup));
	t.true(await leaseCheckpoint(directory, other.pid, new CleanupStack()));
	t.false(await removeUnleased(directory));
	t.deepEqual(await cleanup.run(), []);
	t.false(await removeUnleased(directory));
	t.is(await verifyCheckpoint(await find(t, store)), undefined);
	other.kill('SIGKILL');
	await other.exited;
	t.false(await isLeased(directory));
	t.true(await removeUnleased(directory));
	t.deepEqual(await readdir(store), []);
});

test('a lease of another boot of the host holds nothing, whoever has its number now', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const directory = path.join(store, key);
	await writeFile(path.join(directory, `in-use.${tokenOf().replace(/^(\d+-\d+)-[^-]+/, '$1-00000000')}`), '');
	t.false(await isLeased(directory));
	t.true(await leaseCheckpoint(directory, process.pid, new CleanupStack()));
	t.true(await isLeased(directory));
});

test('the leases of a lab that has gone on to other checkpoints end, and nobody else\'s', async (t) => {
	const store = await makeStore(t);
	const [left, used] = ['a'.repeat(16), 'b'.repeat(16)] as const;
	const other = await otherProcess(t);
	for (const one of [left, used]) {
		await make(store, one);
		for (const pid of [process.pid, other.pid]) await leaseCheckpoint(path.join(store, one), pid, new CleanupStack());
	}
	await endOtherLeases(store, other.pid, [path.join(store, used)]);
	const leasesOf = async (one: string) => (await readdir(path.join(store, one))).filter((name) => name.startsWith('in-use')).length;
	t.deepEqual([await leasesOf(left), await leasesOf(used)], [1, 2]);
	await endOtherLeases(store, process.pid, [path.join(store, used)]);
	t.true(await removeUnleased(path.join(store, left)));
	t.false(await removeUnleased(path.join(store, used)));
});

test('what is not there cannot be leased, and no lease is left', async (t) => {
	const store = await makeStore(t);
	const directory = path.join(store, key);
	t.false(await leaseCheckpoint(directory, process.pid, new CleanupStack()));
	t.false(existsSync(directory));
	await mkdir(directory, { recursive: true });
	t.false(await leaseCheckpoint(directory, process.pid, new CleanupStack()));
	t.deepEqual(await readdir(directory), []);
});

test('whoever leases while another removes has it or has it not, never half of it', async (t) => {
	const store = await makeStore(t);
	await make(store);
	const directory = path.join(store, key);
	const copy = path.join(store, 'copy');
	await rename(directory, copy);
	const outcomes = new Set<string>();
	for (let round = 0; round < 60; round++) {
		await cp(copy, directory, { recursive: true });
		const cleanup = new CleanupStack();
		const lease = async () => {
			for (let turn = 0; turn < round % 20; turn++) await access(store);
			return leaseCheckpoint(directory, process.pid, cleanup);
		};
		const [leased, removed] = await Promise.all([lease(), removeUnleased(directory)]);
		outcomes.add(`${leased} ${removed}`);
		if (leased) t.is(await verifyCheckpoint(await find(t, store)), undefined);
		t.false(leased && removed);
		await cleanup.run();
		await discardCheckpoint(directory);
	}
	// Sometimes the one is first, sometimes the other.
	t.true(outcomes.size > 1, [...outcomes].join());
});
