import path from 'node:path';
import { usageFailure } from '../base/errors.js';
import { readCheckpoint, verifyFound, type Checkpoint } from '../checkpoint/store.js';
import type { SaveRequest, RunSpec } from '../protocol/run-spec.js';

/** The checkpoint of the started lab, as a lab that runs goes back to it. @throws Failure `usage` where there is none */
export async function findStartedLab({ checkpoints, startedKey }: Pick<RunSpec, 'checkpoints' | 'startedKey'>): Promise<Checkpoint> {
	if (startedKey === undefined) throw usageFailure('a lab that was brought up cold has no checkpoint to go back to');
	const found = await readCheckpoint(path.join(checkpoints, startedKey));
	const verified = found && (await verifyFound(found));
	if (verified && 'checkpoint' in verified) return verified.checkpoint;
	const what = verified ? `the checkpoint of the started lab is damaged: ${verified.damaged}` : 'there is no checkpoint of the started lab to go back to';
	throw usageFailure(what, {
		hint: 'one is made when all startup scripts have passed: fix them, then `rehearse down` and `rehearse up`',
	});
}

/** The same order, to be saved with the processor time that each node's startup scripts took, in milliseconds. */
export function withStartupTimes(request: SaveRequest, times: ReadonlyMap<string, number | undefined>): SaveRequest {
	const machines = request.machines.map((machine) => {
		const startupCpuMs = times.get(machine.node);
		return startupCpuMs === undefined ? machine : { ...machine, startupCpuMs };
	});
	return { ...request, machines };
}
