/** The checkpoints of whole labs in a store that are kept to be exported, by the run that made them. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { listManifests } from '../checkpoint/inventory.js';
import { removeUnleased } from '../checkpoint/lease.js';
import type { Manifest } from '../checkpoint/manifest.js';
import { beginCheckpoint } from '../checkpoint/store.js';
import type { ExportRequest } from '../protocol/run-spec.js';

/**
 * Makes a staging directory for the checkpoint of an export; it goes with the clean-up unless the checkpoint was made.
 * @param pid of the process that keeps the lab: while it lives nobody sweeps it away
 */
export async function requestExport(store: string, pid: number, cleanup: CleanupStack): Promise<ExportRequest> {
	const key = newExportKey();
	return { key, staging: await beginCheckpoint(store, key, pid, cleanup) };
}

/** The newest checkpoint in a store that a run's machines can be exported from. */
export async function findExport(store: string, run: string): Promise<Manifest | undefined> {
	return (await exportsOf(store, run))[0];
}

/** Removes those of a run but for the newest. What somebody reads from stays. */
export async function dropOldExports(store: string, run: string): Promise<void> {
	for (const { key } of (await exportsOf(store, run)).slice(1)) await removeUnleased(path.join(store, key));
}

const exportsOf = async (store: string, run: string): Promise<Manifest[]> =>
	(await listManifests(store))
		.filter((manifest) => manifest.kind === 'failed' && manifest.run === run)
		.toSorted((one, other) => other.savedAt - one.savedAt);

/** A key for the checkpoint of an export. A lab is another at each moment: no two have the same. */
const newExportKey = (): string => randomBytes(8).toString('hex');
