/** Saves a lab as it is for an export: all machines that live, at one moment. */
import { rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { usageFailure } from '../base/errors.js';
import { manifestSchema } from '../checkpoint/manifest.js';
import { machineFingerprint } from '../machine/fingerprint.js';
import type { ExportRequest, RunSpec } from '../protocol/run-spec.js';
import { describeSavedLab, savedLabName, type NodeToSave, type SavedLab } from '../saved-lab/saved-lab.js';
import type { RunningNode } from './running-node.js';
import { saveMachines, type SavingContext } from './saving.js';

/**
 * Makes a checkpoint of all machines of a lab that live. They go on when it resolves, which is when the checkpoint is
 * there; what was written of one that cannot be made is removed.
 * @throws Failure `usage` where no machine lives
 */
export async function saveForExport(
	lab: RunSpec,
	nodes: readonly RunningNode[],
	{ staging, key }: ExportRequest,
	context: SavingContext,
): Promise<SavedLab> {
	const live = nodes.flatMap((node) => (node.started ? [{ node, started: node.started }] : []));
	if (live.length === 0) throw usageFailure('no machine of this lab runs: there is nothing to hand over');
	try {
		const saved = describeSavedLab(lab, await Promise.all(live.map(({ node }) => toSave(node))));
		await writeFile(path.join(staging, savedLabName), `${JSON.stringify(saved)}\n`);
		const host = { ...lab.host, accelerator: lab.accelerator };
		const request = {
			staging,
			manifest: { schema: manifestSchema, key, kind: 'failed', lab: lab.lab.name, run: lab.run } as const,
			machines: live.map(({ node }) => ({ node: node.name, fingerprint: machineFingerprint(node.runSpec.spec, host) })),
			alsoWritten: [savedLabName],
		};
		const publish = await saveMachines(live.map(({ started }) => started), request, {
			...context,
			isPaused: (machine) => nodes.some((node) => node.holdsStill(machine)),
		});
		await publish();
		return saved;
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		throw error;
	}
}

async function toSave({ runSpec, startup = 'error', outcomes }: RunningNode): Promise<NodeToSave> {
	const { mtimeMs } = await stat(runSpec.spec.rootFile);
	return { runSpec, startup: { status: startup, scripts: outcomes }, builtAt: mtimeMs };
}
