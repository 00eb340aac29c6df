/**
 * What a host needs of another's cache to begin at once: images, checkpoints, and the host keys that are a part of what a
 * checkpoint depends on. One host lays it into a directory; another brings from there what it lacks.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { tokenOf } from '../base/alive.js';
import { withCleanup } from '../base/cleanup.js';
import { makeDirectory } from '../base/files.js';
import { patiently } from '../base/patience.js';
import { listManifests, newestOf } from '../checkpoint/inventory.js';
import { manifestName, type Manifest } from '../checkpoint/manifest.js';
import { imageRequests, readGuestDefinition } from '../image/guest.js';
import { findImage } from '../image/store.js';
import type { Lab } from '../lab/lab.js';
import { removal, startJanitor } from '../process/janitor.js';
import { acquireLock } from '../process/lock.js';
import { run } from '../process/run.js';
import type { Paths } from '../runs/paths.js';

/** The stores of a cache that are laid out. Their directories have the same names in both places. */
type Stores = Pick<Paths, 'images' | 'checkpoints' | 'hostKeys'>;

/** What was laid out or brought. */
export interface Laid {
	readonly images: number;
	readonly checkpoints: number;
}

const storesIn = (directory: string): Stores => ({
	images: path.join(directory, 'images'),
	checkpoints: path.join(directory, 'checkpoints'),
	hostKeys: path.join(directory, 'host-keys'),
});

/**
 * Lays out what this host has for some labs: the images of their machines, the newest checkpoint of each machine after its
 * boot, its host key. By hard links where the file system lets it, else by copies; nothing ever writes to these files.
 */
export async function layCache(labs: readonly Pick<Lab, 'name' | 'nodes'>[], from: Stores, directory: string, signal?: AbortSignal): Promise<Laid> {
	const into = storesIn(directory);
	// Checkpoints have everything that their machines had in memory.
	for (const store of Object.values(into)) await makeDirectory(store, 0o700);
	const guest = await readGuestDefinition();
	const requests = labs.flatMap((lab) => imageRequests(lab, guest));
	const found = await Promise.all(requests.map((request) => findImage(request, { directory: from.images, guest })));
	const images = new Set(found.flatMap((image) => image?.key ?? []));
	for (const key of images) await layDirectory(path.join(from.images, key), path.join(into.images, key), { signal });
	const checkpoints = await newestCheckpoints(labs, from.checkpoints);
	for (const { key, files } of checkpoints) {
		await layDirectory(path.join(from.checkpoints, key), path.join(into.checkpoints, key), { names: [...Object.keys(files), manifestName], signal });
	}
	for (const node of new Set(labs.flatMap(({ nodes }) => nodes.map(({ name }) => name)))) {
		const key = path.join(from.hostKeys, `${node}.json`);
		if (existsSync(key)) await layFile(key, path.join(into.hostKeys, `${node}.json`), signal);
	}
	return { images: images.size, checkpoints: checkpoints.length };
}

/** The newest checkpoint of each node after its boot, each once. */
async function newestCheckpoints(labs: readonly Pick<Lab, 'name' | 'nodes'>[], store: string): Promise<Manifest[]> {
	const manifests = await listManifests(store);
	const newest = labs.flatMap(({ name: lab, nodes }) => nodes.flatMap(({ name: node }) => newestOf(manifests, { lab, node, kind: 'provisioned' }) ?? []));
	return [...new Map(newest.map((manifest) => [manifest.key, manifest])).values()];
}

/** Lays out the files of a directory, all where they are not named. */
async function layDirectory(from: string, into: string, { names, signal }: { readonly names?: readonly string[]; readonly signal: AbortSignal | undefined }): Promise<void> {
	await mkdir(into, { mode: 0o700 });
	for (const name of names ?? (await filesIn(from))) await layFile(path.join(from, name), path.join(into, name), signal);
}

const filesIn = async (directory: string): Promise<string[]> =>
	(await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);

async function layFile(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
	try {
		await link(from, to);
	} catch (error) {
		if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		await copy(from, to, signal);
	}
}

/** How long a copy may take: an image of a few gigabytes through a slow network. */
const copyMs = 30 * 60_000;

/** Copies a file with its holes and its time to the nanosecond, by which checkpoints know their image. */
const copy = async (from: string, to: string, signal?: AbortSignal): Promise<void> =>
	void (await run(['cp', '--sparse=always', '--reflink=auto', '--preserve=mode,timestamps', '--', from, to], { timeoutMs: patiently(copyMs), signal }));

export interface BringOptions {
	/** Called before each copy, with a sentence. */
	readonly onProgress: (text: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** Brings what was laid out and is not in this host's cache. Several processes of the host may do so at once. */
export async function bringCache(directory: string, to: Stores, options: BringOptions): Promise<Laid> {
	const from = storesIn(directory);
	await makeDirectory(to.hostKeys, 0o700);
	for (const name of await filesIn(from.hostKeys).catch(() => [])) {
		// A key that this host has already is that of its own machines.
		await copyFile(path.join(from.hostKeys, name), path.join(to.hostKeys, name), constants.COPYFILE_EXCL).catch(unlessThere);
	}
	const images = await bringStore(from.images, to.images, 'image', options);
	const checkpoints = await bringStore(from.checkpoints, to.checkpoints, 'checkpoint', options);
	return { images, checkpoints };
}

const unlessThere = (error: NodeJS.ErrnoException): void => {
	if (error.code !== 'EEXIST') throw error;
};

async function bringStore(from: string, to: string, what: string, options: BringOptions): Promise<number> {
	let brought = 0;
	for (const key of await readdir(from).catch(() => [])) {
		const [source, target] = [path.join(from, key), path.join(to, key)];
		const names = await filesIn(source);
		if (await isWhole(source, target, names)) continue;
		const lock = await acquireLock(target, { timeoutMs: copyMs, signal: options.signal });
		try {
			if (await isWhole(source, target, names)) continue;
			options.onProgress(`this host lacks the ${what} ${key}: copying it`);
			await bringDirectory(source, target, names, options);
			brought += 1;
		} finally {
			await lock.release();
		}
	}
	return brought;
}

/**
 * Whether a directory has every file of another, and something in each: what an interrupted removal has left is not whole. An
 * image that this host has built itself is another, of the same name, and is kept.
 */
async function isWhole(source: string, target: string, names: readonly string[]): Promise<boolean> {
	const sizeOf = (file: string) => stat(file).then(({ size }) => size, () => -1);
	const pairs = await Promise.all(names.map(async (name) => [await sizeOf(path.join(source, name)), await sizeOf(path.join(target, name))] as const));
	return pairs.every(([there, here]) => here > 0 || there === here);
}

async function bringDirectory(source: string, target: string, names: readonly string[], { signal }: BringOptions): Promise<void> {
	// As checkpoints and images that are being made are called: what a killed process leaves is swept with those.
	const staging = path.join(path.dirname(target), `.${path.basename(target)}.${tokenOf()}.${randomBytes(4).toString('hex')}.partial`);
	await withCleanup(async (cleanup) => {
		cleanup.defer('unfinished copy', () => rm(staging, { recursive: true, force: true }));
		await startJanitor('janitor of the unfinished copy', removal(staging), cleanup);
		await mkdir(staging, { mode: (await stat(source)).mode & 0o777 });
		for (const name of names) await copy(path.join(source, name), path.join(staging, name), signal);
		// What is there without being whole makes room.
		if (existsSync(target)) await rename(target, `${staging}.rest`);
		await rename(staging, target);
		await rm(`${staging}.rest`, { recursive: true, force: true });
	});
}
