/** Labs that are started while images of some of their nodes are still being built. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { manifestSchema } from '../../../src/checkpoint/manifest.js';
import { readCheckpoint } from '../../../src/checkpoint/store.js';
import { ask } from '../../../src/control/client.js';
import { restored } from '../../../src/protocol/restored.js';
import type { LateMachines, MachineRunSpec, RunSpec } from '../../../src/protocol/run-spec.js';
import { saveOne } from './checkpoints.js';
import { startLab, type Line, type LabOptions, type StartedLab } from './labs.js';

/** A lab of which these nodes are pending, and what is handed over of them. */
async function startPending(t: Parameters<typeof startLab>[0], pending: readonly string[], options: LabOptions = {}) {
	const late: MachineRunSpec[] = [];
	const lab = await startLab(t, {
		...options,
		changed: async (given) => {
			const run = (await options.changed?.(given)) ?? given;
			const machines = run.machines.map((machine) => {
				if (!pending.includes(machine.spec.name)) return machine;
				late.push(machine);
				return { ...machine, spec: { ...machine.spec, kernelFile: '', initrdFile: '', rootFile: '' }, isPending: true as const };
			});
			return { ...run, machines };
		},
	});
	const complete = (node: string, more: Omit<LateMachines, 'machines'> = {}) =>
		lab.complete({ machines: late.filter(({ spec }) => spec.name === node), ...more });
	return { lab, complete };
}

const place = (lines: readonly Line[], node: string, type: Line['type'], stage: string): number =>
	lines.findIndex((line) => line.type === type && 'node' in line && line.node === node && 'stage' in line && line.stage === stage);

/** Waits until a node is at the end of a stage. */
async function ended(lab: StartedLab, node: string, stage: string): Promise<void> {
	while (place(lab.lines, node, 'stage-finished', stage) < 0) {
		if (lab.starter.exit) throw new Error(`the lab ended: ${JSON.stringify(lab.lines)}`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

test.serial('nodes that have their images come up while another waits for its own, and the lab is judged when all are there', async (t) => {
	const { lab, complete } = await startPending(t, ['two'], { nodes: ['one', 'two', 'three'] });
	await ended(lab, 'one', 'startup');
	await ended(lab, 'three', 'startup');
	t.is(place(lab.lines, 'two', 'stage-started', 'boot'), -1);
	t.false(lab.lines.some((line) => line.type === 'stage-started' && line.stage === 'scenario'));
	const { nodes } = (await ask(lab.controlSocket, { op: 'status' })) as { nodes: readonly { name: string; stage: string }[] };
	t.deepEqual(nodes.map(({ stage }) => stage), ['started', 'waiting', 'started']);
	complete('two');
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(place(lab.lines, 'two', 'stage-finished', 'startup') > 0);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a pending node takes no place among those that boot, and those that need it wait for it', async (t) => {
	const connected = (run: RunSpec): RunSpec => ({ ...run, lab: { ...run.lab, connections: [{ from: 'one', to: 'two', port: 1 }] } });
	const { lab, complete } = await startPending(t, ['two'], { changed: connected });
	await ended(lab, 'one', 'boot');
	t.is(place(lab.lines, 'one', 'stage-started', 'startup'), -1);
	complete('two');
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(place(lab.lines, 'one', 'stage-started', 'startup') > place(lab.lines, 'two', 'stage-finished', 'boot'));
});

test.serial('a node that is restored runs its startup scripts while another waits for its image, and not before one that only boots is there', async (t) => {
	const checkpoint = await saveOne(t);
	const fromCheckpoint = (run: RunSpec): RunSpec => ({ ...run, machines: run.machines.map((machine) => (machine.spec.name === 'one' ? restored(machine, checkpoint, 'one') : machine)) });
	const { lab, complete } = await startPending(t, ['two'], { nodes: ['one', 'two', 'three'], behaviour: 'healthy', changed: fromCheckpoint });
	await ended(lab, 'one', 'startup');
	t.is(place(lab.lines, 'one', 'stage-started', 'boot'), -1);
	t.is(place(lab.lines, 'two', 'stage-started', 'boot'), -1);
	t.true(place(lab.lines, 'one', 'stage-started', 'startup') > place(lab.lines, 'three', 'stage-finished', 'boot'));
	complete('two');
	t.is((await lab.waitFor('done')).error, undefined);
});

test.serial('machines may be handed over before the lab is there to take them, and the checkpoint of the lab comes with the last', async (t) => {
	let store = '';
	const { lab, complete } = await startPending(t, ['one', 'two'], {
		behaviour: 'healthy',
		changed: (run) => {
			store = run.checkpoints;
			return run;
		},
	});
	await lab.waitFor('supervisor');
	const staging = path.join(store, 'staged');
	await mkdir(staging, { recursive: true });
	complete('one');
	const machines = ['one', 'two'].map((node) => ({ node, fingerprint: {} }));
	const manifest = { schema: manifestSchema, key: 'key', kind: 'started', lab: 'sample' } as const;
	complete('two', { startedKey: 'key', saveStarted: { staging, manifest, machines } });
	t.is((await lab.waitFor('done')).error, undefined);
	const found = await readCheckpoint(path.join(store, 'key'));
	t.true(found !== undefined && 'checkpoint' in found);
});

for (const [title, end] of [
	['is stopped', (lab: StartedLab) => void process.kill(lab.starter.pid, 'SIGTERM')],
	['loses who started it', (lab: StartedLab) => void process.kill(lab.starter.pid, 'SIGKILL')],
] as const) {
	test.serial(`a lab that ${title} while a node is pending leaves nothing`, async (t) => {
		const { lab } = await startPending(t, ['two']);
		await ended(lab, 'one', 'startup');
		end(lab);
		await lab.starter.exited;
		t.deepEqual(await lab.leftovers(), []);
	});
}

test.serial('a machine that breaks ends the lab, also while another node is pending', async (t) => {
	const { lab } = await startPending(t, ['two'], { behaviour: 'panics' });
	t.like((await lab.waitFor('done')).error, { code: 'machine-died', node: 'one' });
	t.deepEqual(await lab.leftovers(), []);
});

test('after a reboot a node that was pending has its own kernel again', async (t) => {
	const { lab, complete } = await startPending(t, ['two'], { nodes: ['one', 'two'], robustness: ['reboot'], keep: 'always', behaviour: 'healthy' });
	await ended(lab, 'one', 'startup');
	complete('two');
	await lab.waitFor('detached');
	const kernels = [...(await lab.processes()).values()].flatMap((command) => /fake-qemu\.js.*-kernel (.*?) ?-initrd/.exec(command)?.[1] ?? []);
	t.is(kernels.length, 2);
	t.is(new Set(kernels).size, 1);
	t.not(kernels[0], '');
});

test('a machine that dies once its scripts have passed ends the lab at once, whoever is still pending', async (t) => {
	const { lab } = await startPending(t, ['two'], { nodes: ['one', 'two'], behaviour: 'healthy' });
	await ended(lab, 'one', 'startup');
	const [pid] = [...(await lab.processes())].find(([, command]) => command.includes('fake-qemu.js') && command.includes('guest=one')) ?? [];
	process.kill(pid ?? 0, 'SIGKILL');
	const { error } = await lab.waitFor('done');
	t.regex(error?.message ?? '', /^one: .*QEMU was killed by SIGKILL/);
});

const visits = {
	authorize: { op: 'authorize', node: 'one', publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ somebody' },
	exec: { op: 'exec', node: 'one', command: 'touch /mended', timeoutMs: 5000, maximumBytes: 100 },
	link: { op: 'link', node: 'one', link: { state: 'down' } },
	nothing: { op: 'status' },
} as const;

const visited = test.macro(async (t, name: keyof typeof visits, isSaved: boolean, reboots = false) => {
	let store = '';
	const { lab, complete } = await startPending(t, ['two'], {
		...{ nodes: ['one', 'two'], keep: 'always', behaviour: reboots ? 'reboots-once' : 'healthy' },
		changed: (run) => {
			store = run.checkpoints;
			// Its scripts, which reboot it, begin when the other is there.
			return reboots ? { ...run, lab: { ...run.lab, connections: [{ from: 'one', to: 'two', port: 1 }] } } : run;
		},
	});
	await ended(lab, 'one', reboots ? 'boot' : 'startup');
	// What comes of it is the guest's: somebody was in.
	await ask(lab.controlSocket, visits[name], { deadlineMs: 10_000 }).catch(() => undefined);
	const staging = path.join(store, 'staged');
	await mkdir(staging, { recursive: true });
	const machines = ['one', 'two'].map((node) => ({ node, fingerprint: {} }));
	complete('two', { startedKey: 'key', saveStarted: { staging, manifest: { schema: manifestSchema, key: 'key', kind: 'started', lab: 'sample' }, machines } });
	await lab.waitFor('detached');
	const found = await readCheckpoint(path.join(store, 'key'));
	t.is(found !== undefined && 'checkpoint' in found, isSaved);
	t.is(lab.lines.some((line) => line.type === 'notice' && /somebody (?:was in|has changed the link of) one while it came up/.test(line.message)), !isSaved);
});
test('a started lab is not saved for others when a key was let into a node of it', visited, 'authorize', false);
test('nor when a command was run there', visited, 'exec', false);
test('nor when its link was cut, whatever the scripts of others have made of that', visited, 'link', false);
test('it is saved when somebody has only looked', visited, 'nothing', true);
test('nor when its scripts have rebooted it since: its disk has all of that', visited, 'authorize', false, true);
test('it is saved when nobody was in it before', visited, 'nothing', true, true);
