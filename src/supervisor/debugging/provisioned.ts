import path from 'node:path';
import { readCheckpoint, verifyFound } from '../../checkpoint/store.js';
import { restored } from '../../protocol/restored.js';
import type { MachineRunSpec } from '../../protocol/run-spec.js';

/** A node's machine as it is to be before its startup scripts: restored where there is a checkpoint of that, or booted. */
export async function asProvisioned(
	{ restore: _restore, save: _save, ...runSpec }: MachineRunSpec,
	checkpoints: string,
): Promise<MachineRunSpec> {
	const { provisionedKey: key, spec } = runSpec;
	const found = key === undefined ? undefined : await readCheckpoint(path.join(checkpoints, key));
	const verified = found && (await verifyFound(found));
	if (verified && 'checkpoint' in verified) return restored(runSpec, verified.checkpoint, spec.name);
	const why = verified ? `its checkpoint is damaged: ${verified.damaged}` : 'there is no checkpoint of before its startup scripts';
	return { ...runSpec, origin: { from: 'power-on', why } };
}
