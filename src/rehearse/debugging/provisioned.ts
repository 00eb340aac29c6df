import path from 'node:path';
import { readCheckpoint } from '../../checkpoint/store.js';
import { restored } from '../checkpoints.js';
import type { SupervisedMachine } from '../supervised.js';

/** A node's machine as it is to be before its startup scripts: restored where there is a checkpoint of that, or booted. */
export async function asProvisioned(
	{ restore: _restore, save: _save, ...supervised }: SupervisedMachine,
	checkpoints: string,
): Promise<SupervisedMachine> {
	const { provisionedKey: key, spec } = supervised;
	const found = key === undefined ? undefined : await readCheckpoint(path.join(checkpoints, key));
	if (found && 'checkpoint' in found) return restored(supervised, found.checkpoint, spec.name);
	return { ...supervised, origin: { from: 'power-on', why: 'there is no checkpoint of before its startup scripts' } };
}
