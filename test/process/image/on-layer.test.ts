/** Whether an image can be made on a layer: the program that decides it, with an apt that is a fake. Everything else is real. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sha256 } from '../../../src/base/hash.js';
import { bootstrapFailure } from '../../../src/image/bootstrap.js';
import { imagesDirectory } from '../../../src/image/guest.js';
import { run } from '../../../src/process/run.js';

/** What apt answers, as shell commands. */
interface Apt {
	/** To `update`. */
	readonly update?: string;
	/** To the question what is newer than what the layer has. */
	readonly newer?: string;
	/** To the question what all packages would bring on the essential ones. */
	readonly wanted?: string;
	/** To the question what the packages would bring that the layer lacks. */
	readonly added?: string;
}

const inst = (...names: readonly string[]): string => names.map((name) => `echo "Inst ${name} (1.0 Debian:13/trixie [amd64])"`).join('; ');
const broken = 'echo "The following packages have unmet dependencies:"; echo " nginx : Conflicts: curl"; echo "E: Unable to correct problems, you have held broken packages." >&2; exit 100';

/** A layer with curl on the essential libc6, for an image with nginx as well. */
async function unpack(t: ExecutionContext, apt: Apt = {}, more = 'nginx') {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'on-layer-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const place = (...parts: string[]) => path.join(directory, ...parts);
	for (const parts of [['root', 'tmp'], ['layer'], ['known'], ['tree', 'var', 'lib', 'dpkg'], ['bin']]) await mkdir(place(...parts), { recursive: true });
	const status = (...names: readonly string[]) => names.map((name) => `Package: ${name}\nStatus: install ok installed\n`).join('\n');
	await writeFile(place('tree', 'var', 'lib', 'dpkg', 'status'), status('libc6', 'curl'));
	await writeFile(place('layer', 'essential-status'), status('libc6'));
	await run(['tar', '--create', `--file=${place('layer', 'layer.tar')}`, `--directory=${place('tree')}`, '.']);
	const digest = sha256('nginx');
	await writeFile(place('known', `${digest}.deb`), 'nginx');
	const { update = ':', newer = ':', wanted = inst('curl', 'nginx'), added = inst('nginx') } = apt;
	await writeFile(
		place('bin', 'apt-get'),
		[
			'#!/bin/sh',
			'case "$*" in',
			`update*) ${update} ;;`,
			'indextargets) echo a list ;;',
			`*dist-upgrade) ${newer} ;;`,
			`*essential-status*) ${wanted} ;;`,
			`*--print-uris*) echo "'http://m.example/nginx.deb' nginx_1.0_amd64.deb 5 SHA256:${digest}" ;;`,
			`*--simulate*) ${added} ;;`,
			'esac',
		].join('\n'),
	);
	await writeFile(place('bin', 'dpkg'), '#!/bin/sh\necho amd64\n');
	for (const name of ['apt-get', 'dpkg']) await chmod(place('bin', name), 0o755);
	const program = path.join(imagesDirectory(), 'on-layer', 'unpack.sh');
	const argv = ['sh', program, place('root'), place('layer'), place('known'), 'trixie', `curl ${more}`.trim(), more] as const;
	const { exitCode, stderr } = await run(argv, { allowFailure: true, env: { PATH: `${place('bin')}:${process.env['PATH']}`, MMDEBSTRAP_APT_CONFIG: '/dev/null' } });
	const handed = await readdir(place('root', 'var', 'cache', 'apt', 'archives')).catch(() => []);
	return { exitCode, stderr, handed, left: await readdir(place('root', 'tmp')) };
}

test('packages that go with the layer are installed on it, of those that were downloaded before', async (t) => {
	t.like(await unpack(t), { exitCode: 0, handed: ['nginx_1.0_amd64.deb', 'partial'], left: [] });
});

test('where the layer has all, nothing is asked but whether it is outdated', async (t) => {
	t.like(await unpack(t, { wanted: broken, added: broken }, ''), { exitCode: 0, handed: [] });
});

test('packages that the layer has because others need them go with it, also where no other is asked for', async (t) => {
	t.like(await unpack(t, { wanted: inst('curl'), added: ':' }, 'curl'), { exitCode: 0, left: [] });
});

test('without the mirror the lists of the layer do', async (t) => {
	t.like(await unpack(t, { update: 'exit 100' }), { exitCode: 0 });
});

const refused = test.macro(async (t, apt: Apt, line: RegExp | undefined) => {
	const { exitCode, stderr } = await unpack(t, apt);
	t.not(exitCode, 0);
	if (line) t.regex(stderr, line);
	else t.notRegex(stderr, /the layer is/);
});
test('a layer with packages that the mirror has newer is outdated', refused, { newer: inst('curl', 'libc6') }, /^E: the layer is outdated: curl libc6$/m);
test('one on which another set would come about is unfit', refused, { wanted: inst('curl', 'nginx', 'nginx-light') }, /^E: the layer is unfit: nginx-light/m);
test('one is on which something would be removed', refused, { added: `${inst('nginx')}; echo "Remv curl [1.0]"` }, /^E: the layer is unfit: -curl/m);
test('one is with which the packages do not go, though they go from nothing: it is newer than the mirror', refused, { added: broken }, /^E: the layer is unfit: /m);
test('packages that do not go from nothing either are no fault of the layer', refused, { wanted: broken, added: broken }, undefined);

test('what apt says of those is in the log', async (t) => {
	const { stderr } = await unpack(t, { wanted: broken });
	t.like(bootstrapFailure(stderr, { nodes: ['web'] }), { code: 'packages-conflict', detail: 'The following packages have unmet dependencies:\n nginx : Conflicts: curl\nE: Unable to correct problems, you have held broken packages.' });
});
