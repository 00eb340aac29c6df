/** A run with its machines in one file: small stand-ins of theirs, packed here and unpacked there. */
import { appendFile, cp, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskUsage } from '../../../src/base/disk-usage.js';
import type { BundleManifest } from '../../../src/bundle/manifest.js';
import { digestFile } from '../../../src/checkpoint/digest.js';
import type { FileDigest, Manifest } from '../../../src/checkpoint/manifest.js';
import { tcg } from '../../../src/machine/accelerator.js';
import { createQcow2 } from '../../../src/machine/qcow2.js';
import { run } from '../../../src/process/run.js';
import { machineOf } from '../../../src/prepare/machines.js';
import { describeSavedLab } from '../../../src/saved-lab/saved-lab.js';
import { labNode, labOf } from '../../unit/base/labs.js';
import { makeRehearse, type Rehearse } from './rehearse.js';

const name = '20260102T000000-web-bbbb';
const [key, imageKey] = ['0123456789abcdef', 'fedcba9876543210'];
const node = labNode('web');
const mib = 2 ** 20;

interface Detached {
	readonly tool: Rehearse;
	readonly checkpoint: string;
	readonly image: string;
	readonly elsewhere: { readonly env: Readonly<Record<string, string>> };
	/** The runs of the other machine. */
	readonly runs: string;
}

/** A run that failed, its machine's checkpoint, and the image below that. */
async function keepMachines(t: ExecutionContext): Promise<Detached> {
	const tool = await makeRehearse(t);
	const directory = path.join(tool.directory, 'state', 'rehearse', 'runs', name);
	const cache = path.join(tool.directory, 'cache', 'rehearse');
	const [checkpoint, image] = [path.join(cache, 'checkpoints', key), path.join(cache, 'images', imageKey)];
	for (const place of [directory, checkpoint, image]) await mkdir(place, { recursive: true });
	await cp(path.resolve('test', 'unit', 'report', 'golden', 'script-failed.ndjson'), path.join(directory, 'events.ndjson'));
	for (const file of ['root.img', 'vmlinuz', 'initrd']) await writeFile(path.join(image, file), file.repeat(1000));
	await truncate(path.join(image, 'root.img'), 4096 * mib);
	await writeCheckpoint(checkpoint, image);
	const env = { XDG_STATE_HOME: path.join(tool.directory, 'else'), XDG_CACHE_HOME: path.join(tool.directory, 'else-cache') };
	return { tool, checkpoint, image, elsewhere: { env }, runs: path.join(tool.directory, 'else', 'rehearse', 'runs') };
}

async function writeCheckpoint(checkpoint: string, image: string): Promise<void> {
	const place = { key: imageKey, packages: [], rootFile: path.join(image, 'root.img'), kernelFile: '', initrdFile: '' };
	const machine = machineOf(node, 0, place, { path: '', disks: '', sockets: '' });
	const saved = describeSavedLab(
		{ lab: labOf(node), run: name, trace: true, accelerator: tcg, host: { qemuVersion: 'QEMU emulator version 1.0', processor: 'A', processorInputs: {} } },
		[
			{
				runSpec: { ...machine, username: 'ops', password: 'secret', hostKey: 'ssh-ed25519 AAAA web' },
				startup: { status: 'failed', scripts: [] },
				builtAt: (await stat(place.rootFile)).mtimeMs,
			},
		],
	);
	await writeFile(path.join(checkpoint, 'lab.json'), JSON.stringify(saved));
	await writeFile(path.join(checkpoint, '0.ram'), 'memory');
	await truncate(path.join(checkpoint, '0.ram'), 512 * mib);
	await writeFile(path.join(checkpoint, '0.state'), 'devices');
	await createQcow2(path.join(checkpoint, '0.0.qcow2'), 8 * mib);
	const files: Record<string, FileDigest> = {};
	for (const file of ['lab.json', '0.state', '0.ram', '0.0.qcow2']) files[file] = await digestFile(path.join(checkpoint, file));
	const machines = [{ node: node.name, fingerprint: { QEMU: 'QEMU emulator version 1.0' }, state: '0.state', ram: '0.ram', layers: ['0.0.qcow2'] }];
	const manifest: Manifest = { schema: 4, key, kind: 'failed', lab: 'sample', run: name, savedAt: 1, machines, files };
	await writeFile(path.join(checkpoint, 'checkpoint.json'), JSON.stringify(manifest));
}

test('machines travel with their images, in what room their data take', async (t) => {
	const { tool, checkpoint, image, elsewhere, runs } = await keepMachines(t);
	const written = await tool.rehearse(['bundle', '--with-checkpoints']);
	t.is(written.exitCode, 0, written.stderr);
	t.regex(written.stdout, /the machines themselves: web\n +holds secrets, as machines cannot be freed of them:/);
	t.regex(written.stdout, /holds secrets[^]*checkpoint +everything in the memory and on the disks of the machines/);
	const file = path.join(tool.directory, `${name}.tar.gz`);
	t.true((await stat(file)).size < mib);

	const imported = await tool.rehearse(['open', file, '--no-lab'], elsewhere);
	t.is(imported.exitCode, 0, imported.stderr);
	t.regex(imported.stdout, /the machines themselves: web\n/);
	const [directory = '', ...others] = await readdir(runs);
	t.deepEqual(others, []);
	for (const [there, here] of [[checkpoint, `checkpoint/${key}`], [image, `images/${imageKey}`]] as const) {
		for (const member of await readdir(there)) {
			if (/^(?:in-use|verified)/.test(member)) continue;
			const copy = path.join(runs, directory, here, member);
			t.deepEqual(await digestFile(copy), await digestFile(path.join(there, member)), member);
			t.true((await diskUsage(copy)) < mib, member);
		}
	}

	// A host that cannot restore them reports that, and what it takes; the report is shown by then.
	const broughtUp = await tool.rehearse(['open', directory], elsewhere);
	t.is(broughtUp.exitCode, 3, broughtUp.stderr);
	t.regex(broughtUp.stdout, /✖ immich-photo-vault failed/);
	t.regex(broughtUp.stderr, /this host cannot restore the lab's machines: its QEMU is QEMU emulator version \d.*that of the lab was QEMU emulator version 1\.0[^]*they need QEMU emulator version 1\.0, -accel tcg/);
	t.false((await readdir(path.join(runs, directory))).includes('pid'));
	const reported = await tool.rehearse(['open', directory, '--json'], elsewhere);
	t.is(reported.exitCode, 3);
	t.like(JSON.parse(reported.stdout), { schema: 1, result: { verdict: 'failed' }, lab: { up: false, error: { code: 'cannot-restore' } } });

	// What was imported can be exported again.
	const on = await tool.rehearse(['bundle', directory, '--with-checkpoints', '--out', 'on.tar.gz', '--json'], elsewhere);
	t.is(on.exitCode, 0, on.stderr);
	t.like((JSON.parse(on.stdout) as { manifest: BundleManifest }).manifest, { schema: 2, machines: { checkpoint: key, nodes: ['web'], absent: [] } });

	// So can a copy of it; but no file of this host that a link in it leads to.
	const copy = path.join(tool.directory, directory);
	for (const file of [`images/${imageKey}/vmlinuz`, `checkpoint/${key}/0.state`]) {
		await run(['cp', '--recursive', '--sparse=always', path.join(runs, directory), copy]);
		await rename(path.join(copy, file), path.join(tool.directory, 'moved'));
		await symlink(path.join(tool.directory, 'moved'), path.join(copy, file));
		const linked = await tool.rehearse(['bundle', copy, '--with-checkpoints', '--out', 'linked.tar.gz'], elsewhere);
		t.is(linked.exitCode, 2, linked.stderr);
		t.true(linked.stderr.includes(`${path.join(copy, file)} is no file of this run\n`), linked.stderr);
		await rm(copy, { recursive: true });
	}
});

test('a directory that was unpacked by other means is not opened, whatever its links lead to', async (t) => {
	const { tool, elsewhere, runs } = await keepMachines(t);
	await tool.rehearse(['bundle', '--with-checkpoints', '--out', 'intact.tar.gz']);
	await run(['tar', '--extract', '--gzip', '--file', 'intact.tar.gz'], { cwd: tool.directory });
	const [precious, root] = [path.join(tool.directory, 'precious'), path.join(tool.directory, name)];
	await writeFile(precious, 'precious');
	await symlink(precious, path.join(root, 'pid'));
	await rm(path.join(root, 'images', imageKey, 'root.img'));
	await symlink(precious, path.join(root, 'images', imageKey, 'root.img'));
	for (const argument of [name, root, `${root}/`]) {
		const opened = await tool.rehearse(['open', argument], elsewhere);
		t.is(opened.exitCode, 2, opened.stderr);
		t.is(opened.stdout, '');
		t.regex(opened.stderr, /20260102T000000-web-bbbb is no run that was imported here\nhint: `rehearse open FILE\.tar\.gz` imports a bundle/);
	}
	t.is(await readFile(precious, 'utf8'), 'precious');
	t.true((await lstat(path.join(root, 'pid'))).isSymbolicLink());

	// What was imported is opened by its name, by its directory, and by a link to the runs; and not while it is hidden.
	t.is((await tool.rehearse(['open', 'intact.tar.gz', '--no-lab'], elsewhere)).exitCode, 0);
	const [imported = ''] = await readdir(runs);
	await symlink(runs, path.join(tool.directory, 'runs'));
	for (const argument of [imported, path.join(runs, imported), path.join('runs', imported)]) {
		const opened = await tool.rehearse(['open', argument, '--no-lab', '--json'], elsewhere);
		t.is(opened.exitCode, 0, opened.stderr);
		t.is((JSON.parse(opened.stdout) as { directory: string }).directory, path.join(runs, imported));
	}
	await rename(path.join(runs, imported), path.join(runs, `.${imported}`));
	t.is((await tool.rehearse(['open', `.${imported}`, '--no-lab'], elsewhere)).exitCode, 2);
});

test('a disk without room for them is a matter of the host', async (t) => {
	const { tool } = await keepMachines(t);
	// A file system that has none.
	const full = await tool.rehearse(['bundle', '--with-checkpoints', '--out', '/proc/bundle.tar.gz']);
	t.is(full.exitCode, 3, full.stderr);
	t.regex(full.stderr, /not enough disk space in \/proc: up to .* are needed, 0 B are free\nhint: `rehearse prune`/);
});

test('machines that there are not, or not any more, are reported', async (t) => {
	const { tool, checkpoint, image } = await keepMachines(t);
	const both = await tool.rehearse(['bundle', '--with-checkpoints', '--redact']);
	t.is(both.exitCode, 2);
	t.regex(both.stderr, /passwords and keys cannot be removed from machines.*\nhint: give either/);

	const root = path.join(image, 'root.img');
	const rebuilt = async () => tool.rehearse(['bundle', '--with-checkpoints']);
	await writeFile(root, 'built again');
	t.regex((await rebuilt()).stderr, /was built again since the machines were saved/);
	await rm(root);
	t.regex((await rebuilt()).stderr, /the image fedcba9876543210 below the machines' disks was removed/);
	await appendFile(path.join(checkpoint, '0.ram'), 'x');
	t.regex((await rebuilt()).stderr, /are damaged: 0\.ram is \d+ bytes instead of/);
	await rm(checkpoint, { recursive: true });
	const none = await rebuilt();
	t.is(none.exitCode, 2);
	t.regex(none.stderr, /the machines of .* were not saved\nhint: `rehearse run --save-failed`/);
	t.deepEqual((await readdir(tool.directory)).filter((file) => file.includes('tar.gz')), []);
});

/** Puts a bundle together otherwise than it was, and opens it. */
const refused = test.macro(async (t, edit: (root: string, editManifest: (edit: (manifest: BundleManifest) => object) => Promise<void>) => Promise<void>, message: RegExp) => {
	const { tool, elsewhere, runs } = await keepMachines(t);
	await tool.rehearse(['bundle', '--with-checkpoints', '--out', 'intact.tar.gz']);
	await run(['tar', '--extract', '--gzip', '--file', 'intact.tar.gz'], { cwd: tool.directory });
	const root = path.join(tool.directory, name);
	const manifestFile = path.join(root, 'manifest.json');
	const { files, machines } = JSON.parse(await readFile(manifestFile, 'utf8')) as BundleManifest;
	const members = ['manifest.json', ...files.map((file) => file.path), ...(machines?.files ?? []).map((file) => file.path)];
	await edit(root, async (change) => writeFile(manifestFile, JSON.stringify(change(JSON.parse(await readFile(manifestFile, 'utf8')) as BundleManifest))));
	await run(['tar', '--create', '--format=ustar', '--gzip', '--file', 'bad.tar.gz', ...members.map((member) => `${name}/${member}`)], { cwd: tool.directory });
	const imported = await tool.rehearse(['open', 'bad.tar.gz'], elsewhere);
	t.regex(imported.stderr, message);
	t.true([2, 3].includes(imported.exitCode ?? 0), imported.stderr);
	t.deepEqual(await readdir(runs), []);
});

/** The manifest with the entry of the memory changed. */
const withRam = (change: object) => ({ machines, ...manifest }: BundleManifest) => ({
	...manifest,
	machines: { ...machines, files: machines?.files.map((file) => (file.path.endsWith('/0.ram') ? { ...file, ...change } : file)) },
});

test('memory that was changed', refused, (root) => writeFile(path.join(root, 'checkpoint', key, '0.ram'), 'x'.repeat(4096)), /0\.ram (?:is damaged|has another size)/);
test('more data than there is room for', refused, (_root, editManifest) => editManifest(withRam({ bytes: 2 ** 42, extents: [[0, 2 ** 42]] })), /not enough disk space in .*: up to 4\.?\d* (?:TiB|096 GiB)/);
test('data behind the end of their file', refused, (_root, editManifest) => editManifest(withRam({ bytes: 1 })), /lists data of .* behind its end/);
test('a machine elsewhere', refused, (_root, editManifest) => editManifest(withRam({ path: 'images/../../x' })), /which is not a file of a machine/);
test('a lab that is none', refused, async (root, editManifest) => {
	const file = path.join(root, 'checkpoint', key, 'lab.json');
	await writeFile(file, '{"schema":1}');
	const { bytes, extents, crc32 } = await digestFile(file);
	await editManifest((manifest) => ({
		...manifest,
		machines: { ...manifest.machines, files: manifest.machines?.files.map((one) => (one.path.endsWith('lab.json') ? { ...one, bytes, extents, crc32 } : one)) },
	}));
}, /the bundle's description of its lab is invalid: it lacks a property/);
