/** Has a running lab make nodes anew, and keeps what is on the disk about its machines in step: their seeds, and how SSH reaches them. */
import { copyFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { toFailure } from '../base/errors.js';
import { ask } from '../control/client.js';
import type { Emit, RunEventBody } from '../lab/events.js';
import type { LabRequest } from '../protocol/requests.js';
import type { MachineRunSpec, Replacement } from '../protocol/run-spec.js';
import type { LiveLab } from '../runs/live-labs.js';
import { updateSshConfig } from '../runs/ssh-config.js';

export interface ReplaceOptions {
	/** The directory of the new machines' seeds, on the file system of the run; the old ones are kept there meanwhile. */
	readonly seeds: string;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/**
 * Replaces nodes of a running lab. Resolves to the directories of the checkpoints that the lab still uses.
 * @throws Failure `usage` where the lab refuses; then its machines keep their seeds. Another where a node cannot be started
 */
export async function replaceNodes(
	{ controlSocket, runDirectory }: Pick<LiveLab, 'controlSocket' | 'runDirectory'>,
	replacement: Replacement,
	{ seeds, emit, signal }: ReplaceOptions,
): Promise<readonly string[]> {
	const { machines } = replacement;
	const request: LabRequest = { op: 'replace', ...replacement };
	const updateSsh = () =>
		updateSshConfig(runDirectory, machines).catch((error: unknown) =>
			emit({ type: 'notice', message: `ssh still has the users and ports of the plan before: ${toFailure(error).message}` }),
		);
	signal.throwIfAborted();
	const putBack = await putSeeds(machines, seeds);
	try {
		const inUse = await ask(controlSocket, request, { signal, onEvent: (event) => emit(event as RunEventBody) });
		await updateSsh();
		return inUse as readonly string[];
	} catch (error) {
		// Whatever else went wrong, the lab has ended the old machines by then, or is about to.
		await (toFailure(error).code === 'usage' ? putBack() : updateSsh());
		throw error;
	}
}

/** Puts new seeds in place of those of the machines that run. Resolves to what undoes it. */
async function putSeeds(machines: readonly MachineRunSpec[], seeds: string): Promise<() => Promise<void>> {
	const moves = machines.map(({ spec: { seedFile } }) => {
		const staged = path.join(seeds, path.basename(seedFile));
		return { seedFile, staged, kept: `${staged}.was` };
	});
	for (const { seedFile, kept } of moves) await copyFile(seedFile, kept).catch(unlessMissing);
	for (const { seedFile, staged } of moves) await rename(staged, seedFile);
	return async () => {
		for (const { seedFile, kept } of moves) await rename(kept, seedFile).catch(unlessMissing);
	};
}

/** A seed that somebody has removed is no reason to leave a node without one. */
function unlessMissing(error: unknown): void {
	if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
