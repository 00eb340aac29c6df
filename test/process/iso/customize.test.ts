/** What is made of a tree of packages: which kernel an ISO boots, where host keys come from. Nothing boots, and nothing is installed. */
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { kernelFailure } from '../../../src/iso/base-build.js';
import { isoDirectory } from '../../../src/iso/definition.js';
import { run } from '../../../src/process/run.js';
import { makeDirectory } from './miniature.js';

/** Customizes a tree with these kernels; resolves to what it complains of. */
async function customize(t: ExecutionContext, kernels: readonly string[]): Promise<string> {
	const directory = await makeDirectory(t);
	const [root, bin] = [path.join(directory, 'root'), path.join(directory, 'bin')];
	for (const made of ['boot', 'etc/initramfs-tools', 'usr/share/doc/a']) await mkdir(path.join(root, made), { recursive: true });
	await mkdir(bin);
	await writeFile(path.join(root, 'usr/share/doc/a/changelog.gz'), '');
	for (const kernel of kernels) await writeFile(path.join(root, 'boot', `vmlinuz-${kernel}`), 'a kernel');
	// What it runs in the tree comes behind the look for kernels.
	await writeFile(path.join(bin, 'chroot'), '#!/bin/sh\necho "chroot $*" >&2\nexit 7\n', { mode: 0o755 });
	const { stderr, exitCode } = await run(['sh', path.join(isoDirectory(), 'customize.sh'), root, path.join(directory, 'out')], {
		env: { PATH: `${bin}:${process.env['PATH']}` },
		allowFailure: true,
	});
	t.not(exitCode, 0);
	return stderr;
}

test('one kernel is taken', async (t) => {
	const complaint = await customize(t, ['6.12-cloud-amd64']);
	t.regex(complaint, /^chroot .* update-initramfs -c -k 6\.12-cloud-amd64$/m);
	t.is(kernelFailure(complaint, { nodes: ['web'] }), undefined);
});

for (const [kernels, named] of [[['6.12-amd64', '6.12-cloud-amd64'], '6.12-amd64 6.12-cloud-amd64'], [[], '*']] as const) {
	test(`${kernels.length} kernels are refused by their names, and as a fault of the recipe`, async (t) => {
		const complaint = await customize(t, kernels);
		t.is(complaint.trim(), `E: not one kernel but: ${named}`);
		const failure = kernelFailure(`I: building\n${complaint}\nE: setup failed: E: command failed\nI: cleaning up`, { nodes: ['web', 'mail'] });
		t.like(failure, { code: 'usage', exitCode: 2, message: `web, mail: an ISO has one kernel, and the packages bring others: ${named}` });
	});
}

/** Customizes a whole tree with these programs and units of an SSH server; resolves to the tree's `/etc/systemd/system`. */
async function customizeServer(t: ExecutionContext, files: readonly string[], homeMode = 'HOME_MODE\t0700'): Promise<string> {
	const directory = await makeDirectory(t);
	const [root, bin] = [path.join(directory, 'root'), path.join(directory, 'bin')];
	const put = async (name: string, text = '') => {
		await mkdir(path.dirname(path.join(root, name)), { recursive: true });
		await writeFile(path.join(root, name), text);
	};
	for (const name of ['boot/vmlinuz-6', 'etc/initramfs-tools/modules', 'usr/share/doc/a/changelog.gz', 'etc/skel/.profile', 'var/log/a', 'var/lib/dpkg/status']) await put(name);
	for (const name of ['etc/apt/sources.list', 'etc/ssh/ssh_host_ed25519_key', 'usr/lib/systemd/system/ssh.service', 'etc/systemd/system/a.service', ...files]) await put(name);
	await put('etc/shadow', 'root:*:20000:0:99999:7:::\n');
	await put('etc/login.defs', `# HOME_MODE is used by useradd(8)\n${homeMode}\n`);
	await mkdir(bin);
	await writeFile(path.join(bin, 'chroot'), '#!/bin/sh\n[ "$2" != update-initramfs ] || : >"$1/boot/initrd.img-$5"\n', { mode: 0o755 });
	await run(['sh', path.join(isoDirectory(), 'customize.sh'), root, path.join(directory, 'out')], { env: { PATH: `${bin}:${process.env['PATH']}` } });
	t.deepEqual(await readdir(path.join(root, 'etc/ssh')), []);
	return path.join(root, 'etc/systemd/system');
}

test('host keys are made at each boot by the unit that Debian has for the first', async (t) => {
	const units = await customizeServer(t, ['usr/sbin/sshd', 'usr/lib/systemd/system/sshd-keygen.service']);
	t.is(await readFile(path.join(units, 'sshd-keygen.service.d/live.conf'), 'utf8'), '[Unit]\nConditionFirstBoot=\n');
	t.deepEqual((await readdir(units)).sort(), ['a.service', 'sshd-keygen.service.d']);
});

test('where Debian has no such unit, as in Debian 12, by one of its own that the server waits for', async (t) => {
	const units = await customizeServer(t, ['usr/sbin/sshd']);
	const unit = await readFile(path.join(units, 'sshd-keygen.service'), 'utf8');
	t.regex(unit, /^Before=ssh\.service$/m);
	t.regex(unit, /^ExecStart=\/usr\/bin\/ssh-keygen -A$/m);
	t.is(await readlink(path.join(units, 'ssh.service.wants/sshd-keygen.service')), '../sshd-keygen.service');
	t.is(await readFile(path.join(units, 'ssh@.service.d/keys.conf'), 'utf8'), '[Unit]\nWants=sshd-keygen.service\nAfter=sshd-keygen.service\n', 'with ssh.socket too');
});

test('without a server there is none', async (t) => {
	t.deepEqual(await readdir(await customizeServer(t, [])), ['a.service']);
});

for (const [line, mode] of [['HOME_MODE\t0700', '0700\n'], ['#HOME_MODE\t0700', '']] as const) {
	test(`the mode of home directories is that of useradd(8), where /etc/login.defs has ${line}`, async (t) => {
		const units = await customizeServer(t, [], line);
		t.is(await readFile(path.join(units, '../../../../out/home-mode'), 'utf8'), mode);
	});
}
