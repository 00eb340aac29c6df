import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { interruptedFailure } from '../../../src/base/errors.js';
import type { RunEvent } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { rehearseOrders } from '../../../src/rehearse/shuffle.js';
import type { RehearseOptions } from '../../../src/rehearse/rehearse.js';
import { pruneRuns, readHolder } from '../../../src/runs/run-directory.js';
import { labNode, labOf } from '../base/labs.js';
import { shardsOf } from '../shard/logs.js';

const lab = labOf(labNode('one'), labNode('two', 1));

async function scratch(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-orders-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

/** A plain run that has passed. */
function plainRun(runDirectory: string) {
	const [shard] = shardsOf(1, () => 'passed', [{ lab: lab.name, planSha256: lab.planSha256, robustness: [] }]);
	return foldEvents(shard!.logs.get(lab.name)!.map((event) => (event.type === 'run-started' ? { ...event, runDirectory } : event)));
}

/** Orders that are interrupted at once: no machine is started. */
function optionsIn(directory: string, onEvent: (event: RunEvent) => void): RehearseOptions {
	const of = (name: string) => path.join(directory, name);
	const paths = { cache: of('cache'), images: of('cache'), layers: of('cache'), isoBases: of('cache'), isos: of('cache'), checkpoints: of('cache'), hostKeys: of('cache'), state: directory, runs: of('runs'), locks: of('locks') };
	return {
		...{ lab, labArgument: 'sample', accelerator: 'auto', checkpoints: { cold: false, started: [], limitBytes: 1 }, paths, timeLimitMs: 60_000, onEvent },
		course: { keep: 'never', scenario: true, trace: false },
		stopping: { signal: AbortSignal.abort(interruptedFailure('SIGINT')), urgent: new AbortController().signal, detach: () => undefined },
	};
}

test('the plain run goes on until its orders have ended: nothing that removes old runs takes it away', async (t) => {
	const directory = await scratch(t);
	const runs = path.join(directory, 'runs');
	const run = path.join(runs, '20260101T000000-sample-0001');
	await mkdir(run, { recursive: true });
	const held: [string, boolean][] = [];
	const options = optionsIn(directory, ({ type }) => held.push([type, existsSync(path.join(run, 'pid'))]));
	const going = rehearseOrders(plainRun(run), { count: 2, seed: 1 }, options);
	while (!(await readHolder(run))?.isHeld) await new Promise(setImmediate);
	t.false((await pruneRuns(runs, 0)).includes(run));
	const state = await going;
	t.deepEqual(held, [['shuffle-started', true], ['order-finished', true], ['error', true], ['run-finished', true]]);
	t.is(state.errors[0]?.code, 'interrupted');
	t.is(await readHolder(run), undefined);
	t.true((await pruneRuns(runs, 0)).includes(run));
});

test.serial('of a plain run that had no directory nothing is written into the working directory', async (t) => {
	const directory = await scratch(t);
	const before = process.cwd();
	const away = path.join(directory, 'away');
	await mkdir(away);
	process.chdir(away);
	t.teardown(() => process.chdir(before));
	const broken = foldEvents([{ at: 1, type: 'error', error: { code: 'no-directory', message: 'rehearse cannot write', exitCode: 3 } }, { at: 2, type: 'run-finished', ms: 1 }]);
	t.is((await rehearseOrders(broken, { count: 2, seed: 1 }, optionsIn(directory, () => undefined))).errors.length, 1);
	t.deepEqual(await readdir(away), []);
});
