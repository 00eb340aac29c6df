/** Nodes of a running lab that are made anew, or put back: the machine that comes is the one that was described. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { manifestSchema } from '../../../src/checkpoint/manifest.js';
import { readCheckpoint } from '../../../src/checkpoint/store.js';
import { ask } from '../../../src/control/client.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import type { CurrentLab } from '../../../src/protocol/requests.js';
import type { MachineRunSpec, RunSpec, SaveRequest } from '../../../src/protocol/run-spec.js';
import type { FakeState } from './fake-script.js';
import { startLab, type StartedLab } from './labs.js';

/** An order to save the lab of one node as started. */
async function orderIn(store: string, key: string, fingerprint: Record<string, string> = {}): Promise<SaveRequest> {
	const staging = path.join(store, `staged-${key}`);
	await mkdir(staging, { recursive: true });
	return { staging, manifest: { schema: manifestSchema, key, kind: 'started', lab: 'sample' }, machines: [{ node: 'one', fingerprint }] };
}

/** A lab of one node, booted and saved as its scripts had left it. */
async function startSaved(t: ExecutionContext) {
	let run: RunSpec | undefined;
	const lab = await startLab(t, {
		...{ nodes: ['one'], keep: 'always', behaviour: 'healthy' },
		changed: async (given) => (run = { ...given, startedKey: 'first', saveStarted: await orderIn(given.checkpoints, 'first') }),
	});
	await lab.waitFor('detached');
	const [machine] = run?.machines ?? [];
	if (!run || !machine) throw new Error('the lab has no machine');
	return { lab, run, machine };
}

/** Kernel and memory of the machine that runs, as its QEMU was told. */
async function running(lab: StartedLab): Promise<readonly (string | undefined)[]> {
	const command = [...(await lab.processes()).values()].find((one) => one.includes('fake-qemu.js')) ?? '';
	return [/-kernel (.*?) ?-initrd/.exec(command)?.[1], /size=(\d+)M/.exec(command)?.[1]];
}

const other = (machine: MachineRunSpec): MachineRunSpec => ({ ...machine, spec: { ...machine.spec, kernelFile: '/another/vmlinuz', memoryMiB: 999 } });

test('a node that is replaced runs the machine that was asked for, and that one is saved under its key', async (t) => {
	const { lab, run, machine } = await startSaved(t);
	const [kernel, memory] = await running(lab);
	t.notDeepEqual([kernel, memory], ['/another/vmlinuz', '999']);
	const saveStarted = await orderIn(run.checkpoints, 'second', { memory: '999 MiB' });
	await ask(lab.controlSocket, { op: 'replace', lab: run.lab, machines: [other(machine)], startedKey: 'second', saveStarted }, { deadlineMs: 30_000 });
	t.deepEqual(await running(lab), ['/another/vmlinuz', '999']);
	const found = await readCheckpoint(path.join(run.checkpoints, 'second'));
	t.true(found !== undefined && 'checkpoint' in found);
});

test('the run that keeps the lab hears that a node is replaced, and of passwords first that it did not know', async (t) => {
	const { lab, run, machine } = await startSaved(t);
	const withPassword = (word: string) => ({ ...run.lab, nodes: run.lab.nodes.map((node) => ({ ...node, users: [{ username: 'ops', password: word, groups: [], shell: '/bin/sh' }] })) });
	const told = () => lab.lines.filter(({ type }) => type === 'nodes-replaced' || type === 'passwords');
	const replaced = { type: 'nodes-replaced', nodes: ['one'], planSha256: run.lab.planSha256 } as const;
	await ask(lab.controlSocket, { op: 'replace', lab: run.lab, machines: [other(machine)] }, { deadlineMs: 30_000 });
	await lab.waitFor('nodes-replaced');
	t.deepEqual(told(), [{ ...replaced, newPasswords: false }]);
	for (const word of ['trombone', 'trombone', 'pickle']) await ask(lab.controlSocket, { op: 'replace', lab: withPassword(word), machines: [machine] }, { deadlineMs: 30_000 });
	await ask(lab.controlSocket, { op: 'down' }, { deadlineMs: 30_000 });
	await lab.waitFor('done');
	const [trombone, pickle] = ['trombone', 'pickle'].map((word) => ({ type: 'passwords', passwords: [{ user: 'ops', password: word }] }) as const);
	const [known, unknown] = [false, true].map((newPasswords) => ({ ...replaced, newPasswords }));
	t.deepEqual<unknown, unknown>(told(), [known, trombone, unknown, known, pickle, unknown]);
});

test('a lab that is put back is restored as its scripts had left it, and none of them runs again', async (t) => {
	const { lab } = await startSaved(t);
	const events: RunEventBody[] = [];
	await ask(lab.controlSocket, { op: 'reset' }, { deadlineMs: 30_000, onEvent: (event) => void events.push(event as RunEventBody) });
	t.like(events.find(({ type }) => type === 'origin'), { node: 'one', origin: { from: 'checkpoint', kind: 'started' } });
	t.false(events.some((event) => event.type === 'script-started' || (event.type === 'stage-started' && event.stage === 'boot')), JSON.stringify(events));
	t.false(events.some(({ type }) => type === 'notice'), JSON.stringify(events));
});

test('after a node was replaced, the lab is put back to that machine', async (t) => {
	const { lab, run, machine } = await startSaved(t);
	await ask(lab.controlSocket, { op: 'replace', lab: run.lab, machines: [other(machine)], startedKey: 'second', saveStarted: await orderIn(run.checkpoints, 'second') }, { deadlineMs: 30_000 });
	await ask(lab.controlSocket, { op: 'reset' }, { deadlineMs: 30_000 });
	t.deepEqual(await running(lab), ['/another/vmlinuz', '999']);
});

test('a node that is made anew is saved before the keys are let in again that people have had in it', async (t) => {
	const { lab, run, machine } = await startSaved(t);
	await ask(lab.controlSocket, { op: 'authorize', node: 'one', publicKey: 'ssh-ed25519 AAAA somebody' }, { deadlineMs: 30_000 });
	await ask(lab.controlSocket, { op: 'replace', lab: run.lab, machines: [other(machine)], startedKey: 'second', saveStarted: await orderIn(run.checkpoints, 'second') }, { deadlineMs: 30_000 });
	const memory = await readFile(path.join(run.checkpoints, 'second', '0.ram'), 'utf8');
	t.deepEqual((JSON.parse(memory) as FakeState).keys, undefined);
	t.is((await readFile(path.join(lab.runDirectory, 'one.log'), 'utf8')).split('let in ssh-ed25519').length - 1, 2, 'they are let in all the same');
});

test('a lab whose scenario alone is another goes back to where it was, and not to what was done to it since', async (t) => {
	const { lab, run } = await startSaved(t);
	const { startedKey = '' } = (await ask(lab.controlSocket, { op: 'plan' }, { deadlineMs: 30_000 })) as CurrentLab;
	t.is(startedKey, 'first');
	await ask(lab.controlSocket, { op: 'replace', lab: run.lab, machines: [], startedKey }, { deadlineMs: 30_000 });
	const events: RunEventBody[] = [];
	await ask(lab.controlSocket, { op: 'reset' }, { deadlineMs: 30_000, onEvent: (event) => void events.push(event as RunEventBody) });
	const found = await readCheckpoint(path.join(run.checkpoints, 'first'));
	const savedAt = found && 'checkpoint' in found ? found.checkpoint.manifest.savedAt : t.fail();
	t.like(events.find(({ type }) => type === 'origin'), { node: 'one', origin: { from: 'checkpoint', kind: 'started', savedAt } });
});
