import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeMachinesFile } from '../../../src/prepare/machines-file.js';
import { copyPlan } from '../../../src/runs/plan-copy.js';
import type { MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { labNode } from '../base/labs.js';

async function makeDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'kept-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

test('a plan is kept with its scripts, where the plan has them', async (t) => {
	const directory = await makeDirectory(t);
	const home = path.join(directory, 'labs', 'web');
	await mkdir(home, { recursive: true });
	const planPath = path.join(home, 'web.yaml');
	await writeFile(planPath, 'name: web\n');
	const script = (name: string, file?: string) => ({ name, text: `# ${name}\n`, after: 'network-online.target', ...(file === undefined ? {} : { file }) });
	const startupScripts = [
		script('beside', path.join(home, 'beside.sh')),
		script('below', path.join(home, 'startup', 'below.sh')),
		script('inline'),
		script('outside', path.join(directory, 'labs', 'outside.sh')),
	];
	const run = path.join(directory, 'run');
	await writeFile(planPath, 'name: edited while the run began\n');
	await copyPlan({ planPath, nodes: [labNode('web', 0, { startupScripts })] }, 'name: web\n', run);
	t.is(await readFile(path.join(run, 'plan', 'web.yaml'), 'utf8'), 'name: web\n', 'the text that was hashed');
	t.deepEqual((await readdir(run, { recursive: true })).sort(), ['plan', 'plan/beside.sh', 'plan/startup', 'plan/startup/below.sh', 'plan/web.yaml']);
	t.is(await readFile(path.join(run, 'plan', 'startup', 'below.sh'), 'utf8'), '# below\n');
});

test('what the machines are started with', async (t) => {
	const directory = await makeDirectory(t);
	const image = {
		key: 'abcd',
		packages: ['curl'],
		rootFile: path.join(directory, 'root.img'),
		kernelFile: '/images/vmlinuz',
		initrdFile: '/images/initrd',
	};
	await writeFile(path.join(directory, 'packages.txt'), 'curl\t8.14.1-2\nlinux-image-cloud-amd64\t6.12.117-1\n');
	const machine = (name: string): MachineRunSpec => ({
		spec: {
			name,
			memoryMiB: 512,
			mac: '52:54:00:00:00:01',
			tap: 'tap0',
			kernelFile: image.kernelFile,
			initrdFile: image.initrdFile,
			overlayFile: `/disks/${name}.qcow2`,
			layers: [],
			rootFile: image.rootFile,
			seedFile: `/seeds/${name}.iso`,
			memory: { file: '/sockets/memory/0', isShared: true },
			qmpSocket: '/sockets/0.qmp',
			agentSocket: '/sockets/0.agent',
			controlChannelSocket: '/sockets/0.control',
			commandSocket: '/sockets/0.commands',
			debugSocket: '/sockets/0.debug',
			shellSocket: '/sockets/0.shell',
		},
		diskMiB: 1024,
		consoleFile: `/consoles/${name}.log`,
		address: '10.0.2.11',
		username: 'ops',
		password: 'correct horse',
		hostKey: 'ssh-ed25519 AAAA',
		origin: { from: 'power-on' },
	});
	const restored: MachineRunSpec = {
		...machine('db'),
		origin: { from: 'checkpoint', kind: 'provisioned', savedAt: 1 },
		restore: { checkpoint: '/checkpoints/k', stateFile: '/checkpoints/k/0.state', ramFile: '/checkpoints/k/0.ram', layers: ['/checkpoints/k/0.0.qcow2'] },
	};
	await writeMachinesFile(
		{
			nodes: [labNode('web'), labNode('db', 1), labNode('old', 2, { suite: 'bookworm' })],
			machines: [machine('web'), restored, machine('old')],
			images: new Map([['web', image], ['db', image], ['old', { ...image, key: 'efgh' }]]),
			accelerator: { name: 'tcg', accel: 'tcg', cpu: 'max', reason: 'there is no /dev/kvm', canaryMs: 5000 },
			qemuVersion: 'QEMU emulator version 10.0.2',
			slowdown: 3,
		},
		directory,
	);
	const text = await readFile(path.join(directory, 'machines.json'), 'utf8');
	t.notRegex(text, /correct horse/);
	const value = JSON.parse(text) as { machines: { node: string; command: string }[] };
	t.like(value, {
		schema: 1,
		versions: { node: process.versions.node, qemu: 'QEMU emulator version 10.0.2' },
		accelerator: { name: 'tcg', reason: 'there is no /dev/kvm' },
		images: [
			{ key: 'abcd', suite: 'trixie', packages: ['curl 8.14.1-2', 'linux-image-cloud-amd64 6.12.117-1'] },
			{ key: 'efgh', suite: 'bookworm', packages: ['curl 8.14.1-2', 'linux-image-cloud-amd64 6.12.117-1'] },
		],
	} as never);
	t.deepEqual(value.machines.map(({ node }) => node), ['web', 'db', 'old']);
	t.regex(value.machines[0]?.command ?? '', /^qemu-system-x86_64 -name guest=web .*-append 'root=\/dev\/vda/);
	t.notRegex(value.machines[0]?.command ?? '', /-incoming/);
	t.regex(value.machines[1]?.command ?? '', /\/checkpoints\/k\/0\.0\.qcow2.* -incoming defer$/);
});
