/** Makes checkpoints of running machines. They stand still while their state is written, and no longer. */
import { copyFile, constants, link } from 'node:fs/promises';
import path from 'node:path';
import { digestFile } from '../checkpoint/digest.js';
import { publishCheckpoint } from '../checkpoint/store.js';
import { machineFiles, type FileDigest } from '../checkpoint/manifest.js';
import { saveMachine, stateFilesIn } from '../machine/memory.js';
import { freezeDisk, halt, proceed } from '../machine/migration.js';
import type { RunningMachine } from '../machine/machine.js';
import { diskNode } from '../machine/spec.js';
import { createOverlay } from './overlay.js';
import type { SaveOrder, SupervisedRun } from './supervised.js';

/** A machine with the files that its disk consists of at the moment. */
export interface LiveMachine {
	readonly machine: RunningMachine;
	readonly diskMiB: number;
	/** The disk's qcow2 files, the one that the guest writes to first; the image is below them. */
	layers: readonly string[];
	/** How often its disk has been frozen. */
	frozen: number;
}

export type SavingContext = Pick<SupervisedRun, 'deadlines' | 'disks'> & {
	readonly signal: AbortSignal;
	/** Whether a machine stands still for a person, and is to do so afterwards. */
	readonly isPaused?: (machine: RunningMachine) => boolean;
};

/**
 * Saves machines as they are at one moment, and lets them go on. Resolves, when they do, to the rest of the work, which
 * needs them no more: it makes a checkpoint of what was written.
 */
export async function saveMachines(
	machines: readonly LiveMachine[],
	order: SaveOrder,
	context: SavingContext,
): Promise<() => Promise<void>> {
	const { signal, deadlines, isPaused = () => false } = context;
	const overlays = await Promise.all(machines.map((live) => nextOverlay(live, context)));
	const begun: RunningMachine[] = [];
	try {
		await Promise.all(
			machines.map(({ machine }) => {
				begun.push(machine);
				return halt(machine.qmp, signal);
			}),
		);
		const savedAt = Date.now();
		const layers = machines.map(({ layers: below }) => below);
		// All are waited for: none may go on while its state is still being written.
		const saves = await Promise.allSettled(
			machines.map(async (live, index) => {
				const overlay = overlays[index] ?? '';
				await freezeLayer(live, overlay, signal);
				await saveMachine(live.machine, stateFilesIn(order.aside, index), { deadlineMs: deadlines.stateMs, signal });
			}),
		);
		const failed = saves.find((save) => save.status === 'rejected');
		if (failed) throw failed.reason;
		return () => publish(order, layers, savedAt, context);
	} finally {
		for (const machine of begun) if (!isPaused(machine)) await goOn(machine, signal);
	}
}

/** Freezes the disk of a halted machine, which writes to `overlay` from then on, an empty qcow2 file. */
export async function freezeLayer(live: LiveMachine, overlay: string, signal: AbortSignal): Promise<void> {
	await freezeDisk(live.machine.qmp, overlay, blockNodes(live.frozen), signal);
	live.frozen += 1;
	live.layers = [overlay, ...live.layers];
}

/** A machine that cannot go on has broken, whatever became of its state. */
async function goOn(machine: RunningMachine, signal: AbortSignal): Promise<void> {
	try {
		await proceed(machine.qmp, signal);
		machine.tell('sync');
	} catch (error) {
		if (!signal.aborted) machine.giveUp(`it did not go on after its state was saved: ${(error as Error).message}`);
	}
}

/** The node that a disk's writes go to and the one that they go to next, by how often it was frozen. */
function blockNodes(frozen: number): { readonly frozen: string; readonly next: string } {
	const name = (count: number) => (count === 0 ? diskNode : `${diskNode}-${count}`);
	return { frozen: name(frozen), next: name(frozen + 1) };
}

async function nextOverlay({ machine, diskMiB, layers }: LiveMachine, { disks }: SavingContext): Promise<string> {
	// By the layers, not by how often this QEMU froze its disk: another one may have gone on with it.
	const file = path.join(disks, `${machine.name}-${layers.length}.qcow2`);
	await createOverlay(file, diskMiB);
	return file;
}

async function publish(
	order: SaveOrder,
	layers: readonly (readonly string[])[],
	savedAt: number,
	{ signal }: SavingContext,
): Promise<void> {
	const { aside, besides = [] } = order;
	const names = layers.map((files, index) => files.map((_file, depth) => `${index}.${depth}.qcow2`));
	await Promise.all(
		layers.flatMap((files, index) =>
			files.map((file, depth) => linkOrCopy(file, path.join(aside, names[index]?.[depth] ?? ''))),
		),
	);
	const machines = order.machines.map((machine, index) => {
		const { stateFile: state, ramFile: ram } = stateFilesIn('', index);
		return { ...machine, state, ram, layers: names[index] ?? [] };
	});
	const files: Record<string, FileDigest> = {};
	for (const name of [...besides, ...machines.flatMap(machineFiles)]) {
		files[name] = await digestFile(path.join(aside, name), signal);
	}
	await publishCheckpoint(aside, path.dirname(aside), { ...order.manifest, savedAt, machines, files });
}

/** A frozen layer is never written to again, so the same file can serve the run and the checkpoint. */
async function linkOrCopy(file: string, target: string): Promise<void> {
	try {
		await link(file, target);
	} catch {
		// Another file system: what cannot be done there either, the copy says.
		await copyFile(file, target, constants.COPYFILE_FICLONE);
	}
}
