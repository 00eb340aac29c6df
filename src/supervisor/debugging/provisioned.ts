import path from 'node:path';
import { readCheckpoint, verifyFound } from '../../checkpoint/store.js';
import { restored } from '../../protocol/restored.js';
import type { SupervisedMachine } from '../../protocol/run-spec.js';

/** A node's machine as it is to be before its startup scripts: restored where there is a checkpoint of that, or booted. */
export async function asProvisioned(
	{ restore: _restore, save: _save, ...supervised }: SupervisedMachine,
	checkpoints: string,
): Promise<SupervisedMachine> {
	const { provisionedKey: key, spec } = supervised;
	const found = key === undefined ? undefined : await readCheckpoint(path.join(checkpoints, key));
	const verified = found && (await verifyFound(found));
	if (verified && 'checkpoint' in verified) return restored(supervised, verified.checkpoint, spec.name);
	const why = verified ? `its checkpoint is damaged: ${verified.damaged}` : 'there is no checkpoint of before its startup scripts';
	return { ...supervised, origin: { from: 'power-on', why } };
}
