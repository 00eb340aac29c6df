/** `rehearse up` that waits for another one. */
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { packageRoot } from '../../../src/base/package-root.js';
import { upCommand, type UpOptions } from '../../../src/commands/live/up.js';
import { acquireLock } from '../../../src/process/lock.js';
import { liveFile } from '../../../src/runs/live-labs.js';
import { writeHolder } from '../../../src/runs/run-directory.js';

/** Brings up a lab that is up already, while somebody else holds the lock and edits the plan by `edit`. */
async function upAfter(t: ExecutionContext, edit: (plan: string) => Promise<void>): Promise<number> {
	const state = await mkdtemp(path.join(os.tmpdir(), 'up-'));
	t.teardown(() => rm(state, { recursive: true, force: true }));
	const [plans, runs, locks] = [path.join(state, 'plans'), path.join(state, 'runs'), path.join(state, 'locks')];
	await cp(path.join(packageRoot(), 'test', 'labs', 'single'), plans, { recursive: true });
	const plan = path.join(plans, 'plan.yaml');
	const run = path.join(runs, 'another');
	await mkdir(run, { recursive: true });
	await writeHolder(run);
	await writeFile(liveFile(run), JSON.stringify({ name: 'single', isUp: true, token: tokenOf() }));
	const lock = await acquireLock(path.join(locks, 'single'), { timeoutMs: 0 });
	const write = (text: string) => {
		if (text.startsWith('waiting for another')) void edit(plan).then(() => lock.release());
	};
	const options = {
		...{ lab: plan, nodes: [], from: 'started', json: false, timeLimitMs: 60_000 },
		paths: { state, runs, locks },
		terminal: { stdout: { write }, stderr: { write }, stdoutColor: false, stderrColor: false, width: 80, live: false },
	} as unknown as UpOptions;
	return upCommand(options);
}

test('a lab that somebody else has brought up meanwhile', async (t) => {
	await t.throwsAsync(upAfter(t, () => Promise.resolve()), { message: 'single is up already' });
});

test('it brings up the plan as it is once it has its turn', async (t) => {
	await t.throwsAsync(upAfter(t, (plan) => appendFile(plan, '\nnodes: []\n')), { message: /plan\.yaml has errors; nothing was started/ });
});

test('a lab of another name has another lock', async (t) => {
	const rename = async (plan: string) => writeFile(plan, (await readFile(plan, 'utf8')).replace(/^name: .*$/m, 'name: another'));
	await t.throwsAsync(upAfter(t, rename), { message: 'the plan of single is called another now' });
});
