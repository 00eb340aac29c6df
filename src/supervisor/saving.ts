/** Makes checkpoints of running machines. They are halted while their state is written, and no longer. */
import path from 'node:path';
import { brokenFailure } from '../base/errors.js';
import { linkOrCopy } from '../base/files.js';
import { digestFile } from '../checkpoint/digest.js';
import { machineFiles, type FileDigest } from '../checkpoint/manifest.js';
import { publishCheckpoint, readCheckpoint } from '../checkpoint/store.js';
import type { RunningMachine } from '../machine/running-machine.js';
import { copySparse, stateFilesIn, type StateFiles } from '../machine/memory.js';
import type { FrozenDisk } from '../machine/migration.js';
import { createOverlay, overlayName } from '../machine/qcow2.js';
import { diskNode } from '../machine/spec.js';
import type { SaveRequest, RunSpec } from '../protocol/run-spec.js';

/** A machine with the files that its disk consists of at the moment. */
export interface LiveMachine {
	readonly machine: RunningMachine;
	readonly diskMiB: number;
	/** The disk's qcow2 files, the one that the guest writes to first; the image is below them. */
	layers: readonly string[];
	/** How often its disk has been frozen. */
	frozen: number;
}

/** The directories in the store that machines have disks or memory from, and the one that their lab goes back to. */
export function checkpointsUsed(
	{ checkpoints, startedKey = '' }: Pick<RunSpec, 'checkpoints' | 'startedKey'>,
	machines: readonly Pick<LiveMachine, 'machine' | 'layers'>[],
): readonly string[] {
	const files = machines.flatMap(({ layers, machine }) => [...layers, machine.memory.file]);
	const directories = new Set([...files.map((file) => path.dirname(file)), path.join(checkpoints, startedKey)]);
	return [...directories].filter((directory) => path.dirname(directory) === checkpoints);
}

export type SavingContext = Pick<RunSpec, 'deadlines' | 'disks'> & {
	readonly signal: AbortSignal;
	/** Whether a person has paused a machine, which is to be left paused afterwards. */
	readonly isPaused?: (machine: RunningMachine) => boolean;
};

/**
 * Saves machines as they are at one moment, and lets them go on. Resolves, when they do, to the rest of the work, which
 * needs them no more: it makes a checkpoint of what was written.
 */
export async function saveMachines(
	machines: readonly LiveMachine[],
	request: SaveRequest,
	context: SavingContext,
): Promise<() => Promise<void>> {
	const { signal, deadlines, isPaused = () => false } = context;
	const overlays = await Promise.all(machines.map((live) => nextOverlay(live, context)));
	const begun: RunningMachine[] = [];
	try {
		await Promise.all(
			machines.map(({ machine }) => {
				begun.push(machine);
				return machine.halt(signal);
			}),
		);
		const savedAt = Date.now();
		const saves = machines.map(async (live, index): Promise<Saved> => {
			const { layers } = live;
			await freezeLayer(live, overlays[index] ?? '', signal);
			const files = await live.machine.save(stateFilesIn(request.staging, index), { deadlineMs: deadlines.stateMs, signal });
			return { ...files, layers };
		});
		// All are waited for: none may go on while its state is still being written.
		await Promise.allSettled(saves);
		const saved = await Promise.all(saves);
		return () => publish(request, saved, savedAt, context);
	} finally {
		for (const machine of begun) if (!isPaused(machine)) await goOn(machine, signal);
	}
}

/** Freezes the disk of a halted machine, which writes to `overlay` from then on, an empty qcow2 file. */
export async function freezeLayer(live: LiveMachine, overlay: string, signal: AbortSignal): Promise<void> {
	await live.machine.freezeDisk(overlay, blockNodes(live.frozen), signal);
	live.frozen += 1;
	live.layers = [overlay, ...live.layers];
}

/** A machine that cannot go on has broken, whatever became of its state. */
async function goOn(machine: RunningMachine, signal: AbortSignal): Promise<void> {
	try {
		await machine.proceed(signal);
		machine.guest.setClock();
	} catch (error) {
		if (!signal.aborted) machine.giveUp(`it did not go on after its state was saved: ${(error as Error).message}`);
	}
}

/** The node that a disk's writes go to and the one that they go to next, by how often it was frozen. */
function blockNodes(frozen: number): FrozenDisk {
	const name = (count: number) => (count === 0 ? diskNode : `${diskNode}-${count}`);
	return { frozen: name(frozen), next: name(frozen + 1) };
}

async function nextOverlay({ machine, diskMiB, layers }: LiveMachine, { disks }: SavingContext): Promise<string> {
	// By the layers, not by how often this QEMU froze its disk: another one may have gone on with it.
	const file = path.join(disks, overlayName(machine.name, layers.length));
	await createOverlay(file, diskMiB);
	return file;
}

/** What a machine was saved as, and the disk layers that belong to it. */
type Saved = StateFiles & Pick<LiveMachine, 'layers'>;

async function publish(request: SaveRequest, saved: readonly Saved[], savedAt: number, { signal, deadlines }: SavingContext): Promise<void> {
	const { staging, alsoWritten = [] } = request;
	// What is never written to again can serve the run and the checkpoint, or two checkpoints, as the same file.
	const take = (file: string, name: string) =>
		linkOrCopy(file, path.join(staging, name), (from, to) => copySparse(from, to, { deadlineMs: deadlines.stateMs, signal }));
	const files: Record<string, FileDigest> = {};
	const machines = await Promise.all(
		request.machines.map(async (machine, index) => {
			const { stateFile, ramFile, pagesFile, layers: own } = saved[index] ?? neverSaved(machine.node);
			const layers = own.map((_file, depth) => `${index}.${depth}.qcow2`);
			await Promise.all(own.map((file, depth) => take(file, layers[depth] ?? '')));
			const ram = path.basename(stateFilesIn(staging, index).ramFile);
			if (pagesFile !== undefined) {
				await take(ramFile, ram);
				const digest = await knownDigest(ramFile);
				if (digest) files[ram] = digest;
			}
			const pages = pagesFile === undefined ? {} : { pages: path.basename(pagesFile) };
			return { ...machine, state: path.basename(stateFile), ram, ...pages, layers };
		}),
	);
	for (const name of [...alsoWritten, ...machines.flatMap(machineFiles)]) {
		files[name] ??= await digestFile(path.join(staging, name), signal);
	}
	await publishCheckpoint(staging, path.dirname(staging), { ...request.manifest, savedAt, machines, files });
}

function neverSaved(node: string): never {
	throw brokenFailure('internal', `${node} was not saved with the others`);
}

/** The digest of a memory that is a checkpoint's: whoever restored a machine from it has seen that it is right. */
async function knownDigest(ramFile: string): Promise<FileDigest | undefined> {
	const found = await readCheckpoint(path.dirname(ramFile));
	return found && 'checkpoint' in found ? found.checkpoint.manifest.files[path.basename(ramFile)] : undefined;
}

