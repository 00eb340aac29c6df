import path from 'node:path';
import { readCheckpoint, verifyCheckpoint } from '../../checkpoint/store.js';
import { restored } from '../checkpoints.js';
import type { SupervisedMachine } from '../supervised.js';

/** A node's machine as it is to be before its startup scripts: restored where there is a checkpoint of that, or booted. */
export async function asProvisioned(
	{ restore: _restore, save: _save, ...supervised }: SupervisedMachine,
	checkpoints: string,
): Promise<SupervisedMachine> {
	const { provisionedKey: key, spec } = supervised;
	const found = key === undefined ? undefined : await readCheckpoint(path.join(checkpoints, key));
	const damage = found && ('checkpoint' in found ? await verifyCheckpoint(found.checkpoint) : found.damaged);
	if (found && 'checkpoint' in found && damage === undefined) return restored(supervised, found.checkpoint, spec.name);
	const why = damage === undefined ? 'there is no checkpoint of before its startup scripts' : `its checkpoint is damaged: ${damage}`;
	return { ...supervised, origin: { from: 'power-on', why } };
}
