/** The machines of a run, for a bundle: their checkpoint, which a lab that is up makes now, and the images below it. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { usageFailure } from '../base/errors.js';
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

/** What a bundle has of a run's machines. */
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
 * Finds the machines of a run, or has them saved where its lab is up. They stay where they are until the clean-up runs.
 * @throws Failure `usage` where there are none, saying how to get some
 */
export async function gatherMachines(directory: string, options: GatherOptions): Promise<MachinesToPack> {
	const { cleanup, signal, paths } = options;
	const live = (await findLiveLabs(paths.runs)).find(({ runDirectory }) => path.resolve(runDirectory) === path.resolve(directory));
	const checkpoint = await findMachines(directory, live, options);
	const { directory: place, manifest } = checkpoint;
	if (!(await leaseCheckpoint(place, process.pid, cleanup))) throw noMachines(directory);
	const damage = await verifyCheckpoint(checkpoint, { signal });
	if (damage !== undefined) throw usageFailure(`the machines of ${path.basename(directory)} are damaged: ${damage}`);
	const saved = parseSavedLab(await readFile(path.join(place, savedLabName), 'utf8'));
	const own: Readonly<Record<string, FileDigest>> = { ...manifest.files, [manifestName]: await digestFile(path.join(place, manifestName), signal) };
	const ofCheckpoint = Object.entries(own).map(([name, digest]) => source(path.join(place, name), `checkpoint/${manifest.key}/${name}`, digest));
	const ofImages = await imageSources(saved, live?.imported ?? directory, options);
	const sources = [...ofCheckpoint, ...ofImages];
	const nodes = saved.machines.map(({ node }) => node);
	return { manifest: { checkpoint: manifest.key, nodes, absent: saved.absent, files: sources.map(({ listed }) => listed) }, sources };
}

const source = (file: string, bundled: string, digest: FileDigest): SparseSource => ({ file, listed: { path: bundled, ...digest } });

/** A lab that is up is saved as it is now; of a run that is over, or that was opened here, what was saved is taken. */
async function findMachines(directory: string, live: LiveLab | undefined, { paths, cleanup, signal }: GatherOptions): Promise<Checkpoint> {
	const run = path.basename(directory);
	if (live) {
		const request = await requestExport(paths.checkpoints, live.pid, cleanup);
		await askLab(live, { op: 'save', ...request }, { signal });
		await dropOldExports(paths.checkpoints, run);
		return readVerified(path.join(paths.checkpoints, request.key), directory);
	}
	const brought = await findCheckpointIn(directory);
	if (brought !== undefined) return readVerified(brought, directory);
	const manifest = await findExport(paths.checkpoints, run);
	if (!manifest) throw noMachines(directory);
	return readVerified(path.join(paths.checkpoints, manifest.key), directory);
}

async function readVerified(place: string, directory: string): Promise<Checkpoint> {
	const found = await readCheckpoint(place);
	if (found && 'checkpoint' in found) return found.checkpoint;
	throw noMachines(directory);
}

const noMachines = (directory: string) =>
	usageFailure(`no machines of ${path.basename(directory)} were saved`, {
		hint: '`rehearse run --save-failed` saves those of a run that fails; of a lab that is up (`rehearse run --keep on-failure`, `rehearse up`) they are saved now',
	});

/** The files of every image that a machine stands on, each image once. */
async function imageSources(saved: SavedLab, directory: string, { paths, signal }: GatherOptions): Promise<SparseSource[]> {
	const images = [...new Map(saved.machines.map(({ image }) => [image.key, image])).values()];
	const sources: SparseSource[] = [];
	for (const image of images) {
		const place = await findImage(image, [imageDirectoryIn(directory, image.key), path.join(paths.images, image.key)]);
		for (const name of imageFiles) {
			sources.push(source(path.join(place, name), `images/${image.key}/${name}`, await digestFile(path.join(place, name), signal)));
		}
	}
	return sources;
}

async function findImage({ key, builtAt }: SavedMachine['image'], candidates: readonly string[]): Promise<string> {
	const place = candidates.find((candidate) => existsSync(path.join(candidate, 'root.img')));
	if (place === undefined) throw usageFailure(`the image ${key} that the machines stand on is gone`, { hint: 'rehearse the lab again' });
	// Unpacked, it has the time of that.
	const isBrought = place === candidates[0];
	if (isBrought || (await stat(path.join(place, 'root.img'))).mtimeMs === builtAt) return place;
	throw usageFailure(`the image ${key} was built again since the machines were saved`, { hint: 'rehearse the lab again' });
}
