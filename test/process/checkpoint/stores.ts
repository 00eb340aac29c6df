/** Stores of checkpoints on a real file system, and processes that use them. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { digestFile } from '../../../src/checkpoint/digest.js';
import type { Manifest } from '../../../src/checkpoint/manifest.js';
import { beginCheckpoint, findCheckpoint, publishCheckpoint, type Checkpoint } from '../../../src/checkpoint/store.js';
import { startChild, type Child } from '../../../src/process/child.js';

/** The key of the checkpoints that are made where no other is asked for. */
export const key = '0123456789abcdef';
const twoNodes: readonly string[] = ['web', 'redis'];

/** A store that is not there yet; gone when the test ends. */
export async function makeStore(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-store-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return path.join(directory, 'cache', 'checkpoints');
}

/** Writes the files of a checkpoint, of two machines unless others are given, and returns what they are. */
export async function writeFiles(staging: string, of = key, nodes = twoNodes): Promise<Manifest> {
	const machines = nodes.map((node) => ({ node, fingerprint: {}, state: `${node}.state`, ram: `${node}.ram`, layers: [`${node}.qcow2`] }));
	const files: Record<string, Awaited<ReturnType<typeof digestFile>>> = {};
	for (const name of machines.flatMap(({ state, ram, layers }) => [state, ram, ...layers])) {
		await writeFile(path.join(staging, name), name.repeat(2000));
		await truncate(path.join(staging, name), 2 ** 22);
		files[name] = await digestFile(path.join(staging, name));
	}
	return { schema: 4, key: of, kind: 'started', lab: 'photos', savedAt: 1, machines, files };
}

/** Makes a checkpoint as a run does, this process's. */
export async function make(store: string, of = key): Promise<boolean> {
	const staging = await beginCheckpoint(store, of, process.pid, new CleanupStack());
	return publishCheckpoint(staging, store, await writeFiles(staging, of));
}

export async function find(t: ExecutionContext, store: string, of = key): Promise<Checkpoint> {
	const found = await findCheckpoint(store, of);
	if (!found || 'damaged' in found) return t.fail(found?.damaged ?? 'not there') as never;
	return found.checkpoint;
}

/** A process that does nothing, and may be killed. */
export async function otherProcess(t: ExecutionContext): Promise<Child> {
	const child = await startChild(['sleep', '600']);
	t.teardown(() => child.stop());
	return child;
}
