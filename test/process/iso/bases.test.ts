/**
 * The store of base layers with an mmdebstrap that is a fake, on a PATH of its own: it leaves what customize.sh and the
 * real one would. Everything else is real.
 */
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { BaseGone, findBase, provideBase, type BaseLayer, type BaseStoreOptions } from '../../../src/iso/bases.js';
import type { BaseRequest } from '../../../src/iso/definition.js';
import { forEachNode } from '../../../src/iso/isos.js';
import type { LabNode } from '../../../src/lab/lab.js';
import { labNode } from '../../unit/base/labs.js';

const request: BaseRequest = { suite: 'trixie', packages: ['jq'], nodes: ['web'], recommends: false };

/** What a build leaves for the host, in shell. */
const build = `
out=$TMPDIR/out
mkdir -p "$out/accounts" "$out/skel/.config/app" "$out/units"
echo 700 >"$out/home-mode"
echo x >"$out/skel/.config/app/settings"
echo y >"$out/skel/.profile"
ln -s /etc/hostname "$out/skel/name"
echo 1700000000 >"$out/epoch"
printf 'jq\\t1.7\\n' >"$out/dpkg-manifest"
echo 'root:x:0:0::/root:/bin/sh' >"$out/accounts/passwd"
echo kernel >"$out/vmlinuz"
echo initrd >"$out/initrd.img"
printf '[Install]\\nAlias=sshd.service\\n' >"$out/units/ssh.service"
ln -s ssh.service "$out/units/sshd.service"
tar --create --file="$TMPDIR/root.tar" --directory="$out" epoch`;

async function makeStore(t: ExecutionContext, bootstrap: string) {
	// Open to all, as os.tmpdir() need not be.
	const base = await mkdtemp('/tmp/rehearse-test-');
	t.teardown(() => rm(base, { recursive: true, force: true }));
	await chmod(base, 0o755);
	await mkdir(path.join(base, 'bin'));
	for (const [name, program] of [
		['mmdebstrap', bootstrap],
		['unshare', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'],
	] as const) {
		await writeFile(path.join(base, 'bin', name), `#!/bin/sh\nset -eu\n${program}\n`, { mode: 0o755 });
	}
	process.env['PATH'] = `${path.join(base, 'bin')}:${process.env['PATH']}`;
	const temporary = path.join(base, 'scratch');
	process.env['TMPDIR'] = temporary;
	await mkdir(temporary);
	const directory = path.join(base, 'cache', 'iso-bases');
	const steps: string[] = [];
	const options: BaseStoreOptions = {
		directory,
		guest: { suite: 'trixie', components: ['main'], base: [], tool: [], features: {}, absent: {}, common: [] },
		findSources: async () => ({ updates: [] }),
		onProgress: (step) => steps.push(step),
	};
	const left = async () => [...(await readdir(directory).catch(() => [])), ...(await readdir(temporary))];
	return { options, left, steps };
}

// Serial: each store has its own PATH, and a process has one.
const environment = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };
test.afterEach.always(() => {
	for (const [name, value] of Object.entries(environment)) {
		if (value === undefined) delete process.env[name];
		else process.env[name] = value;
	}
});

test.serial('a base layer is built once, and found with all that the node layers need', async (t) => {
	const { options, left } = await makeStore(t, build);
	t.is(await findBase(request, options), undefined);
	const base = await provideBase(request, options);
	t.is(base.manifest, 'jq\t1.7\n');
	t.like(base.facts, { epoch: 1_700_000_000, accounts: { passwd: 'root:x:0:0::/root:/bin/sh\n' } });
	t.is(base.facts.homeMode, 0o700);
	// A link would lead to what this host has there.
	t.deepEqual(base.facts.skeleton, { '.config/app/settings': 'x\n', '.profile': 'y\n' });
	t.deepEqual([...base.facts.units], [
		['ssh.service', { text: '[Install]\nAlias=sshd.service\n' }],
		['sshd.service', { aliasOf: 'ssh.service' }],
	]);
	t.deepEqual(await findBase(request, options), base);
	t.is((await left()).length, 1);
});

test.serial('one that nobody pinned is taken for a pin that it meets, and not for another', async (t) => {
	const { options } = await makeStore(t, build);
	const base = await provideBase(request, options);
	t.deepEqual(await findBase({ ...request, pin: 'jq\t1.7\n' }, options), base);
	t.is(await findBase({ ...request, pin: 'jq\t1.6\n' }, options), undefined);
});

test.serial('a version that is gone is named, and nothing is left', async (t) => {
	const { options, left } = await makeStore(t, build);
	await t.throwsAsync(provideBase({ ...request, pin: 'jq\t1.6\n' }, options), { code: 'usage', message: /jq 1\.6: the mirror has 1\.7/ });
	t.deepEqual(await left(), []);
});

test.serial('a package that does not exist is named, and nothing is left', async (t) => {
	const { options, left } = await makeStore(t, "echo 'E: Unable to locate package jqq' >&2; exit 1");
	await t.throwsAsync(provideBase(request, options), { code: 'package-unknown', message: /^web: .*'jqq'/ });
	t.deepEqual(await left(), []);
});

test.serial('a build that is interrupted ends at once and leaves nothing', async (t) => {
	const { options, left } = await makeStore(t, 'echo "I: installing packages..." >&2; exec sleep 60');
	const stopping = new AbortController();
	const onProgress = () => stopping.abort(new Error('Ctrl-C'));
	const began = performance.now();
	await t.throwsAsync(provideBase(request, { ...options, onProgress, signal: stopping.signal }), { message: 'Ctrl-C' });
	t.true(performance.now() - began < 30_000);
	t.deepEqual(await left(), []);
});

test.serial('a base layer that goes between two nodes is built anew, and so is one that goes before its files are taken', async (t) => {
	const { options } = await makeStore(t, build);
	const { directory: bases, findSources } = options;
	const used: string[] = [];
	const isThere: boolean[] = [];
	let isPruned = false;
	const use = async ({ name }: LabNode, { squashfs }: BaseLayer): Promise<string> => {
		used.push(name);
		isThere.push(await stat(squashfs).then(() => true, () => false));
		await rm(bases, { recursive: true });
		if (name === 'web' || isPruned) return name;
		isPruned = true;
		throw new BaseGone(new Error('pruned'));
	};
	const request = { kernel: 'cloud', recommends: false, pinOf: () => undefined, bases, findSources, emit: () => undefined } as const;
	t.deepEqual(await forEachNode([labNode('web', 0), labNode('mail', 1)], request, use), ['web', 'mail']);
	t.deepEqual(used, ['web', 'mail', 'mail']);
	t.deepEqual(isThere, [true, true, true]);
	await t.throwsAsync(forEachNode([labNode('web', 0)], request, () => Promise.reject(new BaseGone(new Error('pruned')))), { code: 'base-gone' });
});
