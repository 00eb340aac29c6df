/** The store of the ISOs that rehearsals boot, of a base layer in miniature. Nothing boots. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { boundStore, provideIso } from '../../../src/iso/store.js';
import { labNode } from '../../unit/base/labs.js';
import { makeBase, makeDirectory } from './miniature.js';

const nodeWith = (line: string) => labNode('web', 0, { startupScripts: [{ name: 'web', text: `#!/bin/sh\n${line}\n`, after: '' }] });

test('an ISO is written once and found again; another script, or another base, is another ISO', async (t) => {
	const directory = await makeDirectory(t);
	const base = await makeBase(directory);
	const progress: string[] = [];
	const store = { directory: path.join(directory, 'isos'), emit: (event: object) => void progress.push(JSON.stringify(event)) };
	const first = await provideIso(nodeWith('echo one'), base, store);
	t.is(progress.length, 1);
	t.is(await readFile(`${first.file}.sha256`, 'utf8'), `${first.sha256}  web.iso\n`);
	const { mtimeMs } = await stat(first.file);
	t.deepEqual(await provideIso(nodeWith('echo one'), base, store), first);
	t.is((await stat(first.file)).mtimeMs, mtimeMs);
	t.is(progress.length, 1);
	const others = [await provideIso(nodeWith('echo two'), base, store), await provideIso(nodeWith('echo one'), { ...base, manifest: 'jq\t1.8\n' }, store)];
	t.is(new Set([first, ...others].map(({ key }) => key)).size, 3);
	// What changes nothing of a medium is no matter: memory, address, the plan's place for it.
	const elsewhere = { ...nodeWith('echo one'), memoryMiB: 4096, uplinkAddress: '10.0.2.99', mac: '52:54:00:00:00:99', position: { x: 1, y: 2 } };
	t.is((await provideIso(elsewhere, base, store)).key, first.key);
});

test('one that cannot be written, or is broken off, leaves nothing', async (t) => {
	const directory = await makeDirectory(t);
	const base = await makeBase(directory);
	const isos = path.join(directory, 'isos');
	const store = { directory: isos, emit: () => undefined };
	await t.throwsAsync(provideIso(nodeWith('true'), { ...base, initrd: path.join(directory, 'gone') }, store), { code: 'base-gone' });
	t.deepEqual(await readdir(isos), []);
	await t.throwsAsync(provideIso(nodeWith('true'), base, store, AbortSignal.abort(new Error('Ctrl-C'))), { message: 'Ctrl-C' });
	t.deepEqual(await readdir(isos), []);
});

test('ISOs that nobody used for long go once there are many; those of a run that begins do not', async (t) => {
	const directory = await makeDirectory(t);
	const keys = Array.from({ length: 30 }, (_value, index) => index.toString(16).padStart(16, '0'));
	for (const [index, key] of keys.entries()) {
		await mkdir(path.join(directory, key));
		await writeFile(path.join(directory, key, 'web.iso'), '');
		const usedAt = new Date(Date.now() - (40 - index) * 3_600_000);
		await utimes(path.join(directory, key), usedAt, usedAt);
	}
	const [oldest = ''] = keys;
	await boundStore(directory, [oldest]);
	t.deepEqual((await readdir(directory)).sort(), [oldest, ...keys.slice(-23)]);
	const now = new Date();
	for (const key of keys.slice(-23)) await utimes(path.join(directory, key), now, now);
	await boundStore(directory, keys.slice(0, 20));
	t.is((await readdir(directory)).length, 24);
});

test.serial('what a power failure left empty is no ISO, and one is on the disk before it is there', async (t) => {
	const directory = await makeDirectory(t);
	const base = await makeBase(directory);
	const store = { directory: path.join(directory, 'isos'), emit: () => undefined };
	const before = process.env['PATH'];
	t.teardown(() => (process.env['PATH'] = before));
	await mkdir(path.join(directory, 'bin'));
	const synced = path.join(directory, 'synced');
	await writeFile(path.join(directory, 'bin', 'sync'), `#!/bin/sh\nprintf '%s\\n' "$@" >${synced}\n`, { mode: 0o755 });
	process.env['PATH'] = `${path.join(directory, 'bin')}:${before}`;
	const first = await provideIso(nodeWith('echo one'), base, store);
	t.deepEqual((await readFile(synced, 'utf8')).split('\n').map((file) => path.basename(file)), ['web.iso', 'web.iso.sha256', '']);
	await writeFile(first.file, '');
	const again = await provideIso(nodeWith('echo one'), base, store);
	t.is(again.sha256, first.sha256);
	t.true((await stat(again.file)).size > 0);
});
