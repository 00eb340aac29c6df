/** What an exported lab records of itself, and what a stranger's may not. */
import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { freeName } from '../../../src/commands/live/bring-up-imported.js';
import { maximumNodes } from '../../../src/lab/addressing.js';
import type { ScriptOutcome } from '../../../src/lab/events.js';
import type { Lab } from '../../../src/lab/lab.js';
import { tcg } from '../../../src/machine/accelerator.js';
import { parseSavedLab } from '../../../src/saved-lab/parse.js';
import { describeSavedLab, type NodeToSave } from '../../../src/saved-lab/saved-lab.js';
import { machineOf } from '../../../src/prepare/machines.js';
import { labNode, labOf } from '../base/labs.js';

const key = 'fedcba9876543210';
const script = { name: 'setup', text: 'true\n', after: 'network-online.target', file: '/home/somebody/plans/setup.sh' };
const nodes = [labNode('web', 0, { startupScripts: [script] }), labNode('db', 1)];
const lab: Lab = {
	...labOf(...nodes),
	planPath: '/home/somebody/plans/plan.yaml',
	connections: [{ from: 'web', to: 'db', port: 5432 }],
	scenarios: [{ name: 'all', tests: [{ name: 'up', assertions: [{ type: 'vm_boots', onVm: 'web' }] }] }],
};
const outcome: ScriptOutcome = { node: 'web', script: 'setup', status: 'failed', exitCode: 1, ms: 5, output: 'x', trace: { commands: [] } as never };
const image = { key, packages: [], rootFile: `/cache/images/${key}/root.img`, kernelFile: `/cache/images/${key}/vmlinuz`, initrdFile: `/cache/images/${key}/initrd` };

function nodeToSave(index: number): NodeToSave {
	const node = nodes[index] ?? labNode('none');
	const machine = machineOf(node, index, image, { path: '/runs/1', disks: '/runs/1/disks', sockets: '/tmp/s' });
	return {
		runSpec: { ...machine, username: 'ops', password: 'secret', hostKey: 'ssh-ed25519 AAAA web' },
		startup: { status: 'failed', scripts: [outcome] },
		builtAt: 1.5,
	};
}

const run = { lab, run: '20260101T000000-web-aaaa', trace: true, accelerator: tcg, host: { qemuVersion: 'QEMU emulator version 10.0.2', processor: 'A', processorInputs: {} } };
const saved = describeSavedLab(run, [nodeToSave(0)]);

test('the record names the image, how scripts ended, and who was not there', (t) => {
	t.like(saved, { run: run.run, machines: [{ node: 'web', image: { key, builtAt: 1.5 }, startup: { status: 'failed', scripts: [{ script: 'setup', status: 'failed' }] } }], absent: ['db'] });
});

test('no path of this host is in it, and no trace', (t) => {
	t.notRegex(JSON.stringify(saved), /\/home|\/cache|\/runs|\/tmp|trace":\{/);
});

test('what was recorded is read', (t) => {
	t.deepEqual(parseSavedLab(JSON.stringify(saved)), JSON.parse(JSON.stringify(saved)));
	const both = describeSavedLab(run, [nodeToSave(0), nodeToSave(1)]);
	t.deepEqual(parseSavedLab(JSON.stringify(both)).absent, []);
});

test('a text of a stranger moves no cursor', (t) => {
	const read = parseSavedLab(JSON.stringify({ ...saved, lab: { ...saved.lab, warnings: ['\u001b[2Jgone'] } }));
	t.deepEqual(read.lab.warnings, ['gone']);
});

type Edit = (value: ReturnType<typeof editable>) => void;

const editable = () => JSON.parse(JSON.stringify(saved)) as { -readonly [Key in keyof typeof saved]: unknown } & { lab: Record<string, unknown> & { nodes: Record<string, unknown>[] }; machines: Record<string, unknown>[] };

const refused = test.macro({
	exec(t, edit: Edit) {
		const value = editable();
		edit(value);
		const failure = t.throws(() => parseSavedLab(JSON.stringify(value)), { instanceOf: Failure, message: /the bundle's description of its lab is invalid/ });
		t.is(failure.exitCode, 2);
	},
	title: (title) => `refused: ${title}`,
});
const ofNode = (more: object): Edit => ({ lab: { nodes: [node] } }) => void Object.assign(node ?? {}, more);
const ofMachine = (more: object): Edit => ({ machines: [machine] }) => void Object.assign(machine ?? {}, more);

test('a schema of the future', refused, (value) => (value.schema = 2));
test('no accelerator', refused, (value) => (value.accelerator = { name: 'xen', accel: 'xen', cpu: 'host' }));
test('a lab with a path for a name', refused, (value) => (value.lab['name'] = '../x'));
test('a plan elsewhere', refused, (value) => (value.lab['planPath'] = '/etc/passwd'));
test('a network with more in it', refused, (value) => (value.lab['network'] = { subnet: '10.0.0.0/24', gateway: '10.0.0.1/24 dev eth0\nlink set lo down' }));
test('no nodes', refused, (value) => (value.lab.nodes = []));
test('a node twice', refused, ({ lab: { nodes: all } }) => void all.push({ ...all[0] }));
test('more nodes than any lab has', refused, (value) => {
	value.lab.nodes = Array.from({ length: maximumNodes + 1 }, (_none, index) => ({ ...value.lab.nodes[0], name: `n${index}` }));
	Object.assign(value.lab, { connections: [], scenarios: [] });
	[value.machines, value.absent] = [[], value.lab.nodes.map(({ name }) => name)];
});
test('a node whose name is an option of QEMU', refused, ofNode({ name: 'web,debug-threads=on' }));
test('a MAC address with more in it', refused, ofNode({ mac: '52:54:00:00:00:01,romfile=/etc/passwd' }));
test('a lease with more in it', refused, ofNode({ uplinkAddress: '10.0.2.11,set:x' }));
test('an address that is none', refused, ofNode({ uplinkAddress: '10.0.2.256' }));
test('an alias that is none', refused, ofNode({ alias: 'x' }));
test('no memory', refused, ofNode({ memoryMiB: 0 }));
test('a disk as text', refused, ofNode({ diskMiB: '8G' }));
test('a script of a file of this host', refused, ofNode({ startupScripts: [{ ...script }] }));
test('a user whose name is an option', refused, ofNode({ users: [{ username: '-oProxyCommand=x', groups: [], shell: '/bin/sh' }] }));
test('a connection to nobody', refused, (value) => (value.lab['connections'] = [{ from: 'web', to: 'none', port: 1 }]));
test('an assertion on nobody', refused, (value) => (value.lab['scenarios'] = [{ name: 's', tests: [{ name: 't', assertions: [{ type: 'vm_boots', onVm: 'none' }] }] }]));
test('an image elsewhere', refused, ofMachine({ image: { key: '../../etc', builtAt: 1 } }));
test('a login that is an option', refused, ofMachine({ username: '-l root' }));
test('a host key of two lines', refused, ofMachine({ hostKey: 'ssh-ed25519 AAAA\n* ssh-ed25519 BBBB' }));
test('a status that is none', refused, ofMachine({ startup: { status: 'fine', scripts: [] } }));
test('scripts that are none', refused, ofMachine({ startup: { status: 'failed', scripts: [7] } }));
test('a machine of nobody', refused, ofMachine({ node: 'none' }));
test('a node without an entry', refused, (value) => (value.absent = []));
test('a node that is and is not there', refused, (value) => (value.absent = ['web', 'db']));

test('what is no JSON is refused', (t) => {
	for (const text of ['', '{', 'null', '[]', '7', '{}']) t.throws(() => parseSavedLab(text), { instanceOf: Failure });
});

test('a name for a lab that is opened', (t) => {
	t.is(freeName('web', ['web', 'db-opened']), 'web-opened');
	t.is(freeName('web', ['web-opened', 'web-opened-2']), 'web-opened-3');
});
