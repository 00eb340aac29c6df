import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { startChild } from '../../../src/process/child.js';
import { run } from '../../../src/process/run.js';
import { writeSeedDisk } from '../../../src/seed/disk.js';

test('the files of a seed are laid out where the run has its disks, and gone when the seed is there', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'seed-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const [disks, seeds] = [path.join(directory, 'disks'), path.join(directory, 'seeds')];
	for (const made of [disks, seeds]) await mkdir(made);
	const seed = path.join(seeds, 'web.iso');
	await writeSeedDisk({ 'meta-data': 'instance-id: web\n' }, seed, undefined, path.join(disks, 'web.qcow2'));
	t.deepEqual([await readdir(disks), await readdir(seeds)], [[], ['web.iso']]);
	t.is((await run(['bsdtar', '--extract', '--to-stdout', '--file', seed, 'meta-data'])).stdout, 'instance-id: web');
});

test('a run that is killed while its seeds are written has nothing beside them', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'seed-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const [disks, seeds, bin] = [path.join(directory, 'disks'), path.join(directory, 'seeds'), path.join(directory, 'bin')];
	for (const made of [disks, seeds, bin]) await mkdir(made);
	const note = path.join(directory, 'note');
	await writeFile(path.join(bin, 'bsdtar'), `#!/bin/sh\necho $$ >${note}\nexec sleep 1000\n`, { mode: 0o755 });
	const module = new URL('../../../src/seed/disk.js', import.meta.url).href;
	const program = `const { writeSeedDisk } = await import(${JSON.stringify(module)}); await writeSeedDisk({ 'user-data': 'hash' }, ${JSON.stringify(path.join(seeds, 'web.iso'))}, undefined, ${JSON.stringify(path.join(disks, 'web.qcow2'))});`;
	const tool = await startChild([process.execPath, '--input-type=module', '-e', program], { env: { PATH: `${bin}:${process.env['PATH']}` } });
	t.teardown(() => tool.stop());
	const begun = await poll(() => readFile(note, 'utf8').catch(() => ''), (text) => text.endsWith('\n'), { intervalMs: 20, deadlineMs: 20_000 });
	t.teardown(() => process.kill(Number(begun.last), 'SIGKILL'));
	process.kill(tool.pid, 'SIGKILL');
	await tool.exited;
	t.deepEqual(await readdir(seeds), []);
	t.is((await readdir(disks)).length, 1, 'what the janitor of the run removes with its disks');
});

test('a seed that cannot be written, or is not any more, leaves the one that is there', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'seed-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const seed = path.join(directory, 'web.iso');
	await writeFile(seed, 'of the machine that runs');
	await t.throwsAsync(writeSeedDisk({ 'user-data': 'new' }, seed, AbortSignal.abort(new Error('interrupted'))));
	await t.throwsAsync(writeSeedDisk({ 'user-data': 'new', 'user-data/below': 'a file' }, seed));
	t.is(await readFile(seed, 'utf8'), 'of the machine that runs');
	t.deepEqual(await readdir(directory), ['web.iso']);
});
