/**
 * Gathers the machines of a run for a bundle: their checkpoint, and the images below its disks. A running lab makes the
 * checkpoint now.
 */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { usageFailure } from '../base/errors.js';
import { openRegular } from '../base/files.js';
import type { BundledMachines } from '../bundle/manifest.js';
import type { SparseSource } from '../bundle/sparse.js';
import { digestFile } from '../checkpoint/digest.js';
import { leaseCheckpoint } from '../checkpoint/lease.js';
import { manifestName, type FileDigest } from '../checkpoint/manifest.js';
import { readCheckpoint, verifyCheckpoint, type Checkpoint } from '../checkpoint/store.js';
import { dropOldExports, findExport, requestExport } from '../saved-lab/store.js';
import { findCheckpointIn, imageFiles, imageDirectoryIn } from '../saved-lab/layout.js';
import { parseSavedLab } from '../saved-lab/parse.js';
import { savedLabName, type SavedLab, type SavedMachine } from '../saved-lab/saved-lab.js';
import { findLiveLabs, type LiveLab } from '../runs/live-labs.js';
import type { Paths } from '../runs/paths.js';
import { askLab } from './live/resolve-lab.js';

/** The part of a bundle that has the machines. */
export interface MachinesToPack {
	readonly manifest: BundledMachines;
	readonly sources: readonly SparseSource[];
}

export interface GatherOptions {
	readonly paths: Pick<Paths, 'runs' | 'checkpoints' | 'images'>;
	readonly cleanup: CleanupStack;
	readonly signal: AbortSignal;
}

/**
 * Finds the saved machines of a run, or saves them when its lab is running. A lease protects them until the clean-up runs.
 * @throws Failure `usage` where there are none; its hint has how to save some
 */
export async function gatherMachines(directory: string, options: GatherOptions): Promise<MachinesToPack> {
	const { cleanup, signal, paths } = options;
	const live = (await findLiveLabs(paths.runs)).find(({ runDirectory }) => path.resolve(runDirectory) === path.resolve(directory));
	const checkpoint = await findMachines(directory, live, options);
	const { directory: checkpointDirectory, manifest } = checkpoint;
	if (!(await leaseCheckpoint(checkpointDirectory, process.pid, cleanup))) throw noMachines(directory);
	await requireOwn(Object.keys(manifest.files).map((name) => path.join(checkpointDirectory, name)), directory);
	const damage = await verifyCheckpoint(checkpoint, { signal });
	if (damage !== undefined) throw usageFailure(`the machines of ${path.basename(directory)} are damaged: ${damage}`);
	const fileOf = (name: string) => path.join(checkpointDirectory, name);
	const saved = parseSavedLab(await readFile(fileOf(savedLabName), 'utf8'));
	const own: Readonly<Record<string, FileDigest>> = {
		...manifest.files,
		[manifestName]: await digestFile(fileOf(manifestName), signal),
	};
	const ofCheckpoint = Object.entries(own).map(([name, digest]) =>
		source(fileOf(name), `checkpoint/${manifest.key}/${name}`, digest),
	);
	const ofImages = await imageSources(saved, live?.imported ?? directory, options);
	const sources = [...ofCheckpoint, ...ofImages];
	const nodes = saved.machines.map(({ node }) => node);
	return { manifest: { checkpoint: manifest.key, nodes, absent: saved.absent, files: sources.map(({ listed }) => listed) }, sources };
}

/**
 * Files below a run's directory have to be there themselves. One that was unpacked by other means than `open` may have links in
 * it, to files of this host that nobody meant to hand on.
 */
async function requireOwn(files: readonly string[], directory: string): Promise<void> {
	for (const file of files) {
		if (!file.startsWith(`${directory}/`)) continue;
		const handle = await openRegular(file, directory);
		if (!handle) throw usageFailure(`${file} is no file of this run`, { hint: '`rehearse open FILE.tar.gz` unpacks a bundle' });
		await handle.close();
	}
}

const source = (file: string, bundled: string, digest: FileDigest): SparseSource => ({ file, listed: { path: bundled, ...digest } });

/** Saves a running lab as it is now. For a finished or an imported run it finds the checkpoint that was saved before. */
async function findMachines(directory: string, live: LiveLab | undefined, { paths, cleanup, signal }: GatherOptions): Promise<Checkpoint> {
	const run = path.basename(directory);
	if (live) {
		const request = await requestExport(paths.checkpoints, live.pid, cleanup);
		await askLab(live, { op: 'save', ...request }, { signal });
		await dropOldExports(paths.checkpoints, run);
		return readVerified(path.join(paths.checkpoints, request.key), directory);
	}
	const imported = await findCheckpointIn(directory);
	if (imported !== undefined) return readVerified(imported, directory);
	const manifest = await findExport(paths.checkpoints, run);
	if (!manifest) throw noMachines(directory);
	return readVerified(path.join(paths.checkpoints, manifest.key), directory);
}

async function readVerified(checkpoint: string, directory: string): Promise<Checkpoint> {
	const found = await readCheckpoint(checkpoint);
	if (found && 'checkpoint' in found) return found.checkpoint;
	throw noMachines(directory);
}

const noMachines = (directory: string) =>
	usageFailure(`the machines of ${path.basename(directory)} were not saved`, {
		hint:
			'`rehearse run --save-failed` saves the machines of a run that fails; `rehearse bundle` itself saves those of a lab ' +
			'that is up (`rehearse run --keep on-failure`, `rehearse up`)',
	});

/** The files of every image below a machine's disk, each image once. */
async function imageSources(saved: SavedLab, directory: string, { paths, signal }: GatherOptions): Promise<SparseSource[]> {
	const images = [...new Map(saved.machines.map(({ image }) => [image.key, image])).values()];
	const sources: SparseSource[] = [];
	for (const image of images) {
		const found = await findImage(image, [imageDirectoryIn(directory, image.key), path.join(paths.images, image.key)]);
		await requireOwn(imageFiles.map((name) => path.join(found, name)), directory);
		for (const name of imageFiles) {
			sources.push(source(path.join(found, name), `images/${image.key}/${name}`, await digestFile(path.join(found, name), signal)));
		}
	}
	return sources;
}

async function findImage({ key, builtAt }: SavedMachine['image'], candidates: readonly string[]): Promise<string> {
	const found = candidates.find((candidate) => existsSync(path.join(candidate, 'root.img')));
	const hint = 'rehearse the lab again';
	if (found === undefined) throw usageFailure(`the image ${key} below the machines' disks was removed`, { hint });
	// An unpacked image has the time of its unpacking.
	const isImported = found === candidates[0];
	if (isImported || (await stat(path.join(found, 'root.img'))).mtimeMs === builtAt) return found;
	throw usageFailure(`the image ${key} was built again since the machines were saved`, { hint });
}
