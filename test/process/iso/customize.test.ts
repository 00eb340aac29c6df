/** What is made of a tree of packages: which kernel an ISO boots. Nothing boots, and nothing is installed. */
import { mkdir, writeFile } from 'node:fs/promises';
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
