/** An ISO of a base layer in miniature, written by the real programs and read back. Nothing boots. */
import { chmod, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { sha256 } from '../../../src/base/hash.js';
import { poll } from '../../../src/base/waiting.js';
import { writeIso } from '../../../src/iso/write.js';
import { layerArchive } from '../../../src/iso/layer-tar.js';
import { nodeLayer } from '../../../src/iso/node-layer.js';
import { squash } from '../../../src/iso/squash.js';
import { scriptsHash } from '../../../src/lab/script-bytes.js';
import { fileNames } from '../../../src/plan/resolve.js';
import { run } from '../../../src/process/run.js';
import { labNode } from '../../unit/base/labs.js';
import { facts } from '../../unit/iso/facts.js';
import { makeBase, makeDirectory } from './miniature.js';

const node = labNode('web', 0, { startupScripts: [{ name: 'web', text: '#!/bin/sh\necho web\n', after: 'network-online.target' }] });

const xorriso = async (iso: string, ...words: string[]): Promise<string> => {
	const { stdout, stderr } = await run(['xorriso', '-indev', iso, ...words]);
	return stdout + stderr;
};

const environment = { TZ: process.env['TZ'], umask: process.umask() };
test.afterEach.always(() => {
	process.umask(environment.umask);
	if (environment.TZ === undefined) delete process.env['TZ'];
	else process.env['TZ'] = environment.TZ;
});

test.serial('written twice, at other times, in other time zones and under other umasks, it is the same file', async (t) => {
	const directory = await makeDirectory(t);
	const base = await makeBase(directory);
	const first = await writeIso(node, base, path.join(directory, 'first'));
	process.env['TZ'] = 'Asia/Tokyo';
	process.umask(0o077);
	// The file system of the firmware counts in steps of two seconds.
	await new Promise((resolve) => setTimeout(resolve, 2100));
	const second = await writeIso(node, base, path.join(directory, 'second'));
	t.is(second.sha256, first.sha256);
	t.true((await readFile(first.file)).equals(await readFile(second.file)));
});

test.serial('it boots from CD and stick, under BIOS and UEFI, and has the hashes beside it', async (t) => {
	const directory = await makeDirectory(t);
	const out = path.join(directory, 'out');
	const { file } = await writeIso(node, await makeBase(directory), out);
	const report = await xorriso(file, '-report_el_torito', 'plain', '-report_system_area', 'plain');
	t.regex(report, /El Torito boot img : +1 +BIOS +y/);
	t.regex(report, /El Torito boot img : +2 +UEFI +y/);
	t.regex(report, /System area summary: MBR protective-msdos-label grub2-mbr .* GPT/);
	// An EFI system partition, as it is stored.
	t.regex(report, /GPT type GUID +: +2 +28732ac11ff8d211ba4b00a0c93ec93b/);
	t.regex(report, /Volume id +: 'web'/);
	t.deepEqual((await readdir(out)).sort(), ['dpkg-manifest', 'recipe_hash', 'scripts_hash', 'squashfs-hashes.sha256', 'web.iso', 'web.iso.sha256']);
	await run(['sha256sum', '--check', '--quiet', 'web.iso.sha256'], { cwd: out });
	const tree = path.join(directory, 'tree');
	await run(['xorriso', '-osirrox', 'on', '-indev', file, '-extract', '/', tree]);
	await run(['chmod', '-R', 'u+w', tree]);
	await run(['sha256sum', '--check', '--quiet', path.join(out, 'squashfs-hashes.sha256')], { cwd: tree });
	// live-boot goes by this list, the last on top, and with persistence by names, the first on top.
	t.is(await readFile(path.join(tree, 'live', 'filesystem.module'), 'utf8'), '20-base.squashfs\n10-node.squashfs\n');
	const { stdout } = await run(['unsquashfs', '-cat', path.join(tree, 'live', '10-node.squashfs'), 'usr/local/lib/startup/web']);
	t.is(stdout, '#!/bin/sh\necho web');
});

test.serial('a write that fails leaves what was there, and nothing else', async (t) => {
	const directory = await makeDirectory(t);
	const out = path.join(directory, 'out');
	const base = await makeBase(directory);
	const before = await writeIso(node, base, out);
	const names = await readdir(out);
	await t.throwsAsync(writeIso(node, { ...base, kernel: path.join(directory, 'gone') }, out), { code: 'base-gone' });
	await t.throwsAsync(writeIso(node, base, out, AbortSignal.abort(new Error('Ctrl-C'))), { message: 'Ctrl-C' });
	t.deepEqual(await readdir(out), names);
	await run(['sha256sum', '--check', '--quiet', 'web.iso.sha256'], { cwd: out });
	t.is((await readFile(before.file)).length, before.bytes);
});

test.serial('a base layer that goes while its ISO is written is in it all the same', async (t) => {
	const directory = await makeDirectory(t);
	const base = await makeBase(directory);
	const out = path.join(directory, 'out');
	const first = await writeIso(node, base, out);
	const layer = await readFile(base.squashfs);
	const writing = writeIso(node, base, path.join(directory, 'again'));
	// The layer of the node is made before anything else of the ISO is.
	const isMade = async () => (await readdir(path.join(directory, 'again'), { recursive: true }).catch(() => [])).some((name) => name.endsWith('10-node.squashfs'));
	await poll(isMade, (made) => made, { intervalMs: 2, deadlineMs: 30_000 });
	for (const file of [base.squashfs, base.kernel, base.initrd]) await rm(file);
	const again = await writing;
	t.is(again.sha256, first.sha256);
	t.true((await readFile(path.join(directory, 'again', 'squashfs-hashes.sha256'), 'utf8')).startsWith(sha256(layer)));
});

test.serial('what is not readable by others on the host is readable in the ISO', async (t) => {
	const directory = await makeDirectory(t);
	const base = await makeBase(directory);
	await chmod(base.kernel, 0o600);
	const { file } = await writeIso(node, base, path.join(directory, 'out'));
	t.regex(await xorriso(file, '-find', '/live/vmlinuz', '-exec', 'lsdl'), /-r--r--r-- +1 0 +0 /);
});

test.serial('scripts may have as long a name as a plan can give them, also when they have the same', async (t) => {
	const directory = await makeDirectory(t);
	const startupScripts = fileNames(Array.from({ length: 12 }, () => 'n'.repeat(200))).map((name) => ({ name, text: '#!/bin/sh\n', after: 'network-online.target' }));
	const file = path.join(directory, 'layer.squashfs');
	await squash(layerArchive(nodeLayer(labNode('web', 0, { startupScripts }), facts), facts.epoch), file, facts.epoch);
	const { stdout } = await run(['unsquashfs', '-ll', file]);
	for (const { name } of startupScripts) {
		for (const wanted of [`/usr/local/lib/startup/${name}`, `.wants/startup-${name}.service -> ../startup-${name}.service`]) t.true(`${stdout}\n`.includes(`${wanted}\n`), wanted);
	}
});

test.serial('several who write different ISOs to one place leave all that one of them wrote', async (t) => {
	const directory = await makeDirectory(t);
	const [base, out] = [await makeBase(directory), path.join(directory, 'out')];
	const nodes = ['a', 'b', 'c', 'd'].map((word) => labNode('web', 0, { recipeSha256: sha256(word), startupScripts: [{ name: 'web', text: `echo ${word}\n`, after: '' }] }));
	const written = await Promise.all(nodes.map((one) => writeIso(one, base, out)));
	await run(['sha256sum', '--check', '--strict', 'web.iso.sha256'], { cwd: out });
	const recipe = (await readFile(path.join(out, 'recipe_hash'), 'utf8')).trim();
	t.is(written.find(({ recipeHash }) => recipeHash === recipe)?.sha256, sha256(await readFile(path.join(out, 'web.iso'))));
	t.is(await readFile(path.join(out, 'scripts_hash'), 'utf8'), `${scriptsHash(nodes.find(({ recipeSha256 }) => recipeSha256 === recipe)?.startupScripts ?? [])}\n`);
	t.deepEqual((await readdir(out)).sort(), ['dpkg-manifest', 'recipe_hash', 'scripts_hash', 'squashfs-hashes.sha256', 'web.iso', 'web.iso.sha256']);
});
