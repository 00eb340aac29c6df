/** Which checkpoint a run goes on from, of those that a store on a real file system has. */
import { existsSync } from 'node:fs';
import { rename, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { checkpointKey } from '../../../src/checkpoint/fingerprint.js';
import { leaseCheckpoint } from '../../../src/checkpoint/lease.js';
import { beginCheckpoint, publishCheckpoint } from '../../../src/checkpoint/store.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import { planCheckpoints } from '../../../src/prepare/checkpoints.js';
import { provisionedFingerprint, startedFingerprint } from '../../../src/prepare/node-fingerprint.js';
import { inputs } from '../../unit/prepare/node-inputs.js';
import { make, makeStore, otherProcess, writeFiles } from './stores.js';

const [web, redis] = [inputs({ node: { name: 'web' } }), inputs()];

interface Case {
	/** Whether the second machine was saved as people have had it, or as it was. */
	readonly redisGoesOn?: boolean;
	readonly lab?: string;
	/** The machines that are run; both by default. */
	readonly nodes?: readonly (typeof web)[];
	readonly planNodes?: readonly string[];
}

/** Saves both machines of the lab as started; resolves to what a run makes of that. */
async function originsAfter(t: ExecutionContext, { redisGoesOn = false, lab = 'photos', nodes = [web, redis], planNodes }: Case = {}) {
	const store = await makeStore(t);
	const fingerprint = [startedFingerprint(provisionedFingerprint(web), web), startedFingerprint(provisionedFingerprint(redis), redis, redisGoesOn)] as const;
	const key = checkpointKey('started', [{ node: 'web', fingerprint: fingerprint[0] }, { node: 'redis', fingerprint: fingerprint[1] }]);
	const staging = await beginCheckpoint(store, key, process.pid, new CleanupStack());
	const manifest = await writeFiles(staging, key);
	const machines = manifest.machines.map((machine, index) => ({ ...machine, fingerprint: fingerprint[index] ?? {} }));
	await publishCheckpoint(staging, store, { ...manifest, machines });

	const events: RunEventBody[] = [];
	const emit = (event: RunEventBody) => void events.push(event);
	const context = { directory: store, emit, cleanup: new CleanupStack(), signal: new AbortController().signal, pid: process.pid, planNodes };
	const plan = await planCheckpoints(lab, nodes, { cold: false, started: ['web'] }, context);
	return {
		origins: plan.machines.map(({ origin }) => origin.from),
		notices: events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])),
	};
}

test('a node is restored as its startup scripts had left it', async (t) => {
	t.deepEqual(await originsAfter(t), { origins: ['checkpoint', 'power-on'], notices: [] });
});

test('so is one of a lab that was renamed or copied', async (t) => {
	t.deepEqual(await originsAfter(t, { lab: 'copied' }), { origins: ['checkpoint', 'power-on'], notices: [] });
});

test('nothing is restored that was started beside a machine that people have had', async (t) => {
	const { origins, notices } = await originsAfter(t, { redisGoesOn: true });
	t.deepEqual(origins, ['power-on', 'power-on']);
	t.regex(notices.join(), /no checkpoint of the started lab can be used.*there is none yet/);
});

test('a node that was started beside one that the plan does not have any more is not restored', async (t) => {
	const { origins, notices } = await originsAfter(t, { nodes: [web] });
	t.deepEqual(origins, ['power-on']);
	t.regex(notices.join(), /no checkpoint of the started lab can be used.*: redis is in it, and not in the plan$/);
});

test('of a lab that is brought up in part, the node is restored that was started beside the others of the plan', async (t) => {
	t.deepEqual(await originsAfter(t, { nodes: [web], planNodes: ['web', 'redis'] }), { origins: ['checkpoint'], notices: [] });
});

/** What a run that starts nothing from a checkpoint of the started lab is to do about that, where the store has this one already. */
async function savesOver(t: ExecutionContext, happen: (directory: string) => Promise<unknown>) {
	const store = await makeStore(t);
	const notices: string[] = [];
	const emit = (event: RunEventBody) => void (event.type === 'notice' && notices.push(event.message));
	const context = { directory: store, emit, cleanup: new CleanupStack(), signal: new AbortController().signal, pid: process.pid };
	const plan = () => planCheckpoints('photos', [web, redis], { cold: false, started: [] }, context);
	const { startedKey = '' } = await plan();
	const directory = path.join(store, startedKey);
	await make(store, startedKey);
	await happen(directory);
	notices.length = 0;
	const { saveStarted } = await plan();
	return { isSaved: saveStarted !== undefined, isThere: existsSync(directory), notices };
}

test('a checkpoint of the started lab that is there is not made again', async (t) => {
	t.deepEqual(await savesOver(t, () => Promise.resolve()), { isSaved: false, isThere: true, notices: [] });
});

const manifestOf = (directory: string): string => path.join(directory, 'checkpoint.json');
const replaces = test.macro(async (t, damage: (directory: string) => Promise<unknown>, reason: string) => {
	const notices = [`the checkpoint of the started lab is damaged and was removed: ${reason}`];
	t.deepEqual(await savesOver(t, damage), { isSaved: true, isThere: false, notices });
});
test('one whose manifest a power cut has emptied is made anew', replaces, (directory) => truncate(manifestOf(directory)), 'checkpoint.json is not JSON');
test('so is one that somebody was about to remove when he was killed', replaces, (directory) => rename(manifestOf(directory), `${manifestOf(directory)}.withdrawn`), 'checkpoint.json is missing');
test('so is one that was withdrawn while a lab ran from it that has ended', replaces, (directory) => rm(manifestOf(directory)), 'checkpoint.json is missing');

test('while a lab runs from one that was withdrawn, none is made, and that is said', async (t) => {
	const other = await otherProcess(t);
	const { isSaved, isThere, notices } = await savesOver(t, async (directory) => {
		await leaseCheckpoint(directory, other.pid, new CleanupStack());
		await rm(manifestOf(directory));
	});
	t.deepEqual([isSaved, isThere], [false, true]);
	t.deepEqual(notices, ['no checkpoint of web, redis can be made: a lab runs from the one that is there and damaged: checkpoint.json is missing']);
});
