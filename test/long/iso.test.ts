/** ISOs of a small node: the same each time, nothing of the tool in them, and booted to what the recipe has. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../src/process/run.js';
import { bootIso, type IsoGuest, type Medium } from '../integration/support/iso-guest.js';
import { addScript, editLab, nodeOf } from '../integration/support/labs.js';
import { makeSandbox, type Sandbox } from '../integration/support/sandbox.js';
import { runTool } from '../integration/support/tool.js';

/** A node with hardly more than what every ISO has, which needs no default route: a network that leads nowhere has none. */
const smallLab = (sandbox: Sandbox): Promise<string> =>
	editLab(sandbox, 'single', (plan) => {
		Object.assign(nodeOf(plan, 'box').recipe, { packages: ['openssh-server', 'iproute2'], startup_scripts: [] });
		addScript(plan, 'box', 'box', ['ip addr add 10.74.0.10/24 dev "$(ls /sys/class/net | grep -m 1 ^en)"']);
		addScript(plan, 'box', 'note', ['#!/bin/sh', 'hostname >/root/noted']);
	});

/** Builds the ISO of `box`; resolves to the directory that it is in. */
async function build(t: ExecutionContext, sandbox: Sandbox, env: NodeJS.ProcessEnv = {}): Promise<string> {
	const out = path.join(sandbox.path, 'isos');
	const ended = await runTool(sandbox, ['iso', await smallLab(sandbox), '--out', out, '--json'], { env });
	t.is(ended.status, 0, ended.stderr);
	t.deepEqual(await sandbox.leftovers(0), []);
	return path.join(out, 'box');
}

const forbidden = /rehearse|cidata/i;

test.serial('built twice, once from its packages up, it is the same file; it has nothing of the tool in it, and boots as a CD and as a disk', async (t) => {
	t.timeout(15 * 60_000);
	const [directory, again] = [await build(t, await makeSandbox(t)), await build(t, await makeSandbox(t, 'empty'), { TZ: 'Asia/Tokyo' })];
	const iso = path.join(directory, 'box.iso');
	for (const name of ['box.iso.sha256', 'dpkg-manifest', 'squashfs-hashes.sha256', 'recipe_hash', 'scripts_hash']) {
		t.is(await readFile(path.join(again, name), 'utf8'), await readFile(path.join(directory, name), 'utf8'), name);
	}
	t.true((await readFile(path.join(again, 'box.iso'))).equals(await readFile(iso)));

	const tree = path.join(directory, 'tree');
	await run(['xorriso', '-osirrox', 'on', '-indev', iso, '-extract', '/', tree]);
	for (const layer of ['20-base', '10-node']) {
		const file = path.join(tree, 'live', `${layer}.squashfs`);
		const { stdout } = await run(['unsquashfs', '-ll', file]);
		t.true(stdout.includes('/etc/systemd/system'));
		t.deepEqual(stdout.split('\n').filter((line) => forbidden.test(line) || line.includes('cloud-init')), []);
		await run(['unsquashfs', '-no-xattrs', '-quiet', '-no-progress', '-dest', path.join(tree, layer), file, 'etc', 'usr/local', 'home']);
	}
	const { stdout } = await run(['grep', '-rliE', forbidden.source, path.join(tree, '20-base'), path.join(tree, '10-node'), path.join(tree, 'boot')], {
		allowFailure: true,
	});
	t.is(stdout, '');

	// One after the other: systemd waits 90 s for the console, which two at once may not have on a slow host.
	for (const medium of ['cd', 'disk'] as const) await boots(t, iso, medium);
});

/** Boots the ISO of `box`, logs in at its console and looks around. */
async function boots(t: ExecutionContext, iso: string, medium: Medium): Promise<void> {
	const guest: IsoGuest = bootIso(t, iso, medium);
	// No pattern ends with the line: the kernel may write behind a prompt.
	await guest.prints(/box login: /, 5 * 60_000);
	guest.type('ops');
	await guest.prints(/Password: /, 60_000);
	guest.type('single-ops');
	await guest.prints(/ops@box:.*\$ /, 60_000);
	guest.type('sudo -s');
	await guest.prints(/password for ops: /, 60_000);
	guest.type('single-ops');
	await guest.prints(/root@box:.*# /, 60_000);
	await guest.runs('dmesg --console-level 1');
	t.regex(await guest.runs('systemctl start startup-box startup-note ssh; systemctl is-active startup-box startup-note ssh'), /^(active\s+){3}/);
	t.regex(await guest.runs('systemctl list-units --failed --no-legend --plain | cat; echo none'), /^none/);
	t.regex(await guest.runs('cat /root/noted; stat -c %U:%G:%a /home/ops /etc/shadow'), /^box\s+ops:ops:700\s+root:shadow:640/);
	t.regex(await guest.runs('ip -4 -brief address show to 10.74.0.10; cat /etc/ssh/ssh_host_ed25519_key.pub'), /10\.74\.0\.10\/24[^]*ssh-ed25519 /);
}
