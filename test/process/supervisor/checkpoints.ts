/** Checkpoints of fake machines. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { manifestSchema } from '../../../src/checkpoint/manifest.js';
import { readCheckpoint, type Checkpoint } from '../../../src/checkpoint/store.js';
import type { RunSpec } from '../../../src/protocol/run-spec.js';
import { startLab } from './labs.js';

const key = '0123456789abcdef';

/** A checkpoint of the machine of a node `one` that was booted just before. */
export async function saveOne(t: ExecutionContext): Promise<Checkpoint> {
	const store = await mkdtemp(path.join(os.tmpdir(), 'rehearse-restore-'));
	t.teardown(() => rm(store, { recursive: true, force: true }));
	const staging = path.join(store, `.${key}.${process.pid}.staging`);
	await mkdir(staging);
	const save = { staging, manifest: { schema: manifestSchema, key, kind: 'provisioned', lab: 'sample' } as const, machines: [{ node: 'one', fingerprint: {} }] };
	const changed = (run: RunSpec) => ({ ...run, machines: run.machines.map((machine) => ({ ...machine, save })) });
	const lab = await startLab(t, { nodes: ['one'], changed });
	t.is((await lab.waitFor('done')).error, undefined);
	const found = await readCheckpoint(path.join(store, key));
	return found && 'checkpoint' in found ? found.checkpoint : (t.fail(found?.damaged ?? 'no checkpoint') as never);
}
