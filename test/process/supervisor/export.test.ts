/** A lab of fake machines that has failed: saved as it is, and brought up again from what was saved. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readCheckpoint, verifyCheckpoint, type Checkpoint } from '../../../src/checkpoint/store.js';
import { ask } from '../../../src/control/client.js';
import type { LabStatus } from '../../../src/protocol/requests.js';
import { restored } from '../../../src/protocol/restored.js';
import type { ExportRequest, RunSpec } from '../../../src/protocol/run-spec.js';
import { parseSavedLab } from '../../../src/saved-lab/parse.js';
import type { SavedLab } from '../../../src/saved-lab/saved-lab.js';
import { startLab, type StartedLab } from './labs.js';

const key = '0123456789abcdef';

/** Room for a checkpoint, and an image below the machines' disks; gone when the test ends. */
async function makeStaging(t: ExecutionContext): Promise<{ store: string; order: ExportRequest; withImage: (run: RunSpec) => RunSpec }> {
	const root = await mkdtemp(path.join(os.tmpdir(), 'rehearse-export-'));
	t.teardown(() => rm(root, { recursive: true, force: true }));
	const [store, image] = [path.join(root, 'checkpoints'), path.join(root, 'images', 'fedcba9876543210')];
	const staging = path.join(store, `.${key}.${process.pid}.staging`);
	for (const directory of [staging, image]) await mkdir(directory, { recursive: true });
	const rootFile = path.join(image, 'root.img');
	await writeFile(rootFile, 'root');
	const withImage = (run: RunSpec) => ({ ...run, machines: run.machines.map((machine) => ({ ...machine, spec: { ...machine.spec, rootFile } })) });
	return { store, order: { staging, key }, withImage };
}

async function readSaved(t: ExecutionContext, store: string): Promise<{ checkpoint: Checkpoint; saved: SavedLab }> {
	t.deepEqual(await readdir(store), [key]);
	const found = await readCheckpoint(path.join(store, key));
	if (!found || 'damaged' in found) return t.fail(found?.damaged ?? 'no checkpoint') as never;
	t.is(await verifyCheckpoint(found.checkpoint), undefined);
	return { checkpoint: found.checkpoint, saved: parseSavedLab(await readFile(path.join(store, key, 'lab.json'), 'utf8')) };
}

const statusOf = async (lab: StartedLab) => (await ask(lab.controlSocket, { op: 'status' }, { deadlineMs: 20_000 })) as LabStatus;
const nodesOf = async (lab: StartedLab) => (await statusOf(lab)).nodes.map(({ name, stage, startup, failedScripts }) => [name, stage, startup, failedScripts]);

/** The same lab elsewhere, from what was saved. */
const comesBack = (checkpoint: Checkpoint, saved: SavedLab) => (run: RunSpec): RunSpec => ({
	...run,
	scenario: false,
	checkpoints: path.dirname(checkpoint.directory),
	startedKey: key,
	machines: run.machines.map((machine) => {
		const { startup } = saved.machines.find(({ node }) => node === machine.spec.name) ?? { startup: { status: 'error', scripts: [] } };
		return restored({ ...machine, startup }, checkpoint, machine.spec.name);
	}),
});

test.serial('a run that fails is saved as it is, and comes back as it was', async (t) => {
	const { store, order, withImage } = await makeStaging(t);
	const lab = await startLab(t, { behaviour: 'fails', changed: (run) => withImage({ ...run, saveFailed: order }) });
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(lab.lines.some((line) => line.type === 'notice' && /bundle --with-checkpoints/.test(line.message)));
	const { checkpoint, saved } = await readSaved(t, store);
	t.like(checkpoint.manifest, { kind: 'failed', lab: 'sample', run: 'a-run' });
	t.like(saved, { run: 'a-run', lab: { planPath: '' }, absent: [], machines: [{ node: 'one', image: { key: 'fedcba9876543210' }, startup: { status: 'failed' } }, { node: 'two' }] });

	const back = await startLab(t, { keep: 'always', changed: comesBack(checkpoint, saved) });
	await back.waitFor('detached');
	const expected = ['one', 'two'].map((name) => [name, 'startup failed', 'failed', ['setup']]);
	t.deepEqual(await nodesOf(back), expected);
	t.false(back.lines.some((line) => line.type === 'stage-started' && ['boot', 'startup'].includes(line.stage)), 'nothing is run again');
	t.false(back.lines.some((line) => line.type === 'notice'), 'that units have failed is no news');
	await ask(back.controlSocket, { op: 'kill', node: 'two' });
	await ask(back.controlSocket, { op: 'reset' }, { deadlineMs: 20_000 });
	t.deepEqual(await nodesOf(back), expected);
	await ask(back.controlSocket, { op: 'down' });
	t.is((await back.waitFor('done')).error, undefined);
	t.deepEqual(await back.leftovers(), []);
});

test.serial('a machine that cannot be restored is never booted instead', async (t) => {
	const { store, order, withImage } = await makeStaging(t);
	const lab = await startLab(t, { behaviour: 'fails', nodes: ['one'], changed: (run) => withImage({ ...run, saveFailed: order }) });
	await lab.waitFor('done');
	const { checkpoint, saved } = await readSaved(t, store);
	await writeFile(path.join(checkpoint.directory, '0.state'), 'not what QEMU wrote');
	const back = await startLab(t, { nodes: ['one'], keep: 'always', changed: comesBack(checkpoint, saved) });
	t.like((await back.waitFor('done')).error, { code: 'not-restored', exitCode: 4, node: 'one' });
	t.false(back.lines.some((line) => line.type === 'stage-started' && line.stage === 'boot'));
	t.deepEqual(await readdir(store), [key], 'what was exported is kept');
});

test.serial('a lab that is up is saved when somebody asks, without the dead, and goes on', async (t) => {
	const { store, order, withImage } = await makeStaging(t);
	const lab = await startLab(t, { keep: 'always', changed: withImage });
	await lab.waitFor('detached');
	await ask(lab.controlSocket, { op: 'kill', node: 'two' });
	await ask(lab.controlSocket, { op: 'pause', node: 'one' });
	const answer = (await ask(lab.controlSocket, { op: 'save', ...order }, { deadlineMs: 20_000 })) as SavedLab;
	t.like(answer, { absent: ['two'], machines: [{ node: 'one', startup: { status: 'passed' } }] });
	const { checkpoint } = await readSaved(t, store);
	t.deepEqual(checkpoint.manifest.machines.map(({ node }) => node), ['one']);
	t.true((await statusOf(lab)).nodes[0]?.paused, 'who was paused is');
	await t.throwsAsync(readdir(lab.journals), { code: 'ENOENT' }, 'and is asked for nothing');
	await ask(lab.controlSocket, { op: 'resume', node: 'one' });
	const again = { staging: path.join(store, `.${'f'.repeat(16)}.${process.pid}.staging`), key: 'f'.repeat(16) };
	await mkdir(again.staging);
	await ask(lab.controlSocket, { op: 'save', ...again }, { deadlineMs: 20_000 });
	t.deepEqual((await readdir(store)).sort(), [key, again.key]);
	t.deepEqual(await readdir(lab.journals), ['one.log']);

	await ask(lab.controlSocket, { op: 'kill', node: 'one' });
	await t.throwsAsync(ask(lab.controlSocket, { op: 'save', ...order }), { message: /no machine of this lab runs/ });
});

test.serial('a save that fails is reported, and is no part of the verdict', async (t) => {
	const { order, store } = await makeStaging(t);
	const lab = await startLab(t, { behaviour: 'fails', changed: (run) => ({ ...run, saveFailed: order }) });
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(lab.lines.some((line) => line.type === 'notice' && /the machines were not saved: .*ENOENT/.test(line.message)));
	t.deepEqual(await readdir(store), []);
});
