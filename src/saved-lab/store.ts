/** The checkpoints of exports in a store: each has all machines of a run. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { listManifests } from '../checkpoint/inventory.js';
import { removeUnleased } from '../checkpoint/lease.js';
import type { Manifest } from '../checkpoint/manifest.js';
import { beginCheckpoint } from '../checkpoint/store.js';
import type { ExportRequest } from '../protocol/run-spec.js';

/**
 * Makes a staging directory for the checkpoint of an export. The clean-up removes it unless the checkpoint was published.
 * @param pid process id of the lab daemon: while it lives, no sweep removes the directory
 */
export async function requestExport(store: string, pid: number, cleanup: CleanupStack): Promise<ExportRequest> {
	const key = newExportKey();
	return { key, staging: await beginCheckpoint(store, key, pid, cleanup) };
}

/** The newest checkpoint that a run's machines can be exported from. */
export async function findExport(store: string, run: string): Promise<Manifest | undefined> {
	return (await exportsOf(store, run))[0];
}

/** Removes a run's older exports, and keeps the newest. It keeps those that are leased. */
export async function dropOldExports(store: string, run: string): Promise<void> {
	for (const { key } of (await exportsOf(store, run)).slice(1)) await removeUnleased(path.join(store, key));
}

const exportsOf = async (store: string, run: string): Promise<Manifest[]> =>
	(await listManifests(store))
		.filter((manifest) => manifest.kind === 'failed' && manifest.run === run)
		.toSorted((one, other) => other.savedAt - one.savedAt);

/** Makes a random key: two saves of a running lab are never equal. */
const newExportKey = (): string => randomBytes(8).toString('hex');
