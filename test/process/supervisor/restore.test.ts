/** A fake machine that is to be restored: what becomes of it, and of its checkpoint, when that comes to nothing. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { Checkpoint } from '../../../src/checkpoint/store.js';
import { restored } from '../../../src/protocol/restored.js';
import type { Deadlines } from '../../../src/protocol/run-spec.js';
import { saveOne } from './checkpoints.js';
import { startLab, type LabOptions, type Line, type StartedLab } from './labs.js';

/** Runs a lab whose machine is to be restored; it has to pass in any case. */
async function restoreOne(t: ExecutionContext, checkpoint: Checkpoint, behaviour: LabOptions['behaviour'], deadlines: Partial<Deadlines> = {}): Promise<StartedLab> {
	const lab = await startLab(t, {
		nodes: ['one'],
		...(behaviour ? { behaviour } : {}),
		changed: (run) => ({
			...run,
			deadlines: { ...run.deadlines, ...deadlines },
			machines: run.machines.map((machine) => restored(machine, checkpoint, 'one')),
		}),
	});
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(lab.lines.some((line) => line.type === 'script-finished' && line.status === 'passed'));
	t.deepEqual(await lab.leftovers(), []);
	return lab;
}

const isBooted = (lines: readonly Line[]): boolean => lines.some((line) => line.type === 'stage-started' && line.stage === 'boot');
const noticeOf = (lines: readonly Line[]): string => lines.flatMap((line) => (line.type === 'notice' ? [line.message] : [])).join('\n');

const late = test.macro(async (t, behaviour: 'sleeps' | 'loads', deadlines: Partial<Deadlines>, why: RegExp) => {
	const checkpoint = await saveOne(t);
	// However often.
	for (let time = 0; time < 2; time++) {
		const { lines } = await restoreOne(t, checkpoint, behaviour, deadlines);
		t.true(isBooted(lines));
		t.regex(noticeOf(lines), /^could not be restored and is booted, its checkpoint kept, as it was only late: /);
		t.regex(noticeOf(lines), why);
	}
	t.true(existsSync(checkpoint.directory));
	t.deepEqual((await readdir(checkpoint.directory)).filter((name) => name.startsWith('failed.')), []);
	t.false(isBooted((await restoreOne(t, checkpoint, 'healthy')).lines));
});
test.serial('a machine that is late to wake costs no checkpoint', late, 'sleeps', { wakeMs: 300 }, /first message after the restore was not reached/);
test.serial('nor does one that is late to load', late, 'loads', { stateMs: 300 }, /not loaded in 30\d ms/);

test.serial('a machine that is not as it should be costs its checkpoint the second time', async (t) => {
	const checkpoint = await saveOne(t);
	const first = await restoreOne(t, checkpoint, 'works');
	t.regex(noticeOf(first.lines), /kept for one more try: units have failed: a unit/);
	t.true(existsSync(checkpoint.directory));
	t.regex(noticeOf((await restoreOne(t, checkpoint, 'works')).lines), /thrown away, as that was so the last time too: units have failed/);
	t.false(existsSync(checkpoint.directory));
});

test.serial('one that comes back in between has a clean slate', async (t) => {
	const checkpoint = await saveOne(t);
	await restoreOne(t, checkpoint, 'works');
	t.false(isBooted((await restoreOne(t, checkpoint, 'healthy')).lines));
	t.regex(noticeOf((await restoreOne(t, checkpoint, 'works')).lines), /kept for one more try/);
	t.true(existsSync(checkpoint.directory));
});

/** Runs a lab of three whose machines go on as their startup scripts had left them, `two` using `one`. Resolves to the nodes that were booted. */
async function goOn(t: ExecutionContext, behaviour: LabOptions['behaviour']): Promise<{ readonly booted: readonly string[]; readonly ran: readonly string[]; readonly lines: readonly Line[] }> {
	const saved = await saveOne(t);
	const checkpoint = { ...saved, manifest: { ...saved.manifest, kind: 'started' as const } };
	const lab = await startLab(t, {
		nodes: ['one', 'two', 'three'],
		...(behaviour ? { behaviour } : {}),
		changed: (run) => ({
			...run,
			lab: { ...run.lab, connections: [{ from: 'two', to: 'one', port: 80 }] },
			machines: run.machines.map((machine) => restored(machine, checkpoint, 'one')),
		}),
	});
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(await lab.leftovers(), []);
	const booted = lab.lines.flatMap((line) => (line.type === 'stage-started' && line.stage === 'boot' ? (line.node ?? []) : []));
	const ran = lab.lines.flatMap((line) => (line.type === 'script-finished' ? [line.node] : []));
	return { booted: booted.toSorted(), ran: ran.toSorted(), lines: lab.lines };
}

test.serial('where one of the started machines is booted, so are those that use it, and no other', async (t) => {
	const { booted, ran, lines } = await goOn(t, 'healthy-but-one');
	t.deepEqual(booted, ['one', 'two']);
	t.deepEqual(ran, ['one', 'two']);
	t.regex(noticeOf(lines), /^is booted as well: a node that it uses could not be restored as it was$/m);
	const origins = lines.flatMap((line) => (line.type === 'origin' ? [`${line.node} ${line.origin.from}`] : []));
	t.deepEqual(origins.slice(3).toSorted(), ['one power-on', 'two power-on']);
});

test.serial('started machines go on together', async (t) => {
	const { booted, ran } = await goOn(t, 'healthy');
	t.deepEqual([booted, ran], [[], []]);
});

test.serial('startup scripts may give a machine another SSH host key, and no provisioned machine has one', async (t) => {
	t.deepEqual((await goOn(t, 'rekeyed')).booted, []);
	t.true(isBooted((await restoreOne(t, await saveOne(t), 'rekeyed')).lines));
});
