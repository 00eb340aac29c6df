import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isHeld, processToken, tokenOf } from '../base/alive.js';
import { withCleanup } from '../base/cleanup.js';
import { brokenFailure } from '../base/errors.js';
import { isOpenToAll } from '../base/files.js';
import { contentKey, sha256 } from '../base/hash.js';
import type { RunEventBody } from '../lab/events.js';
import { acquireLock } from '../process/lock.js';
import { buildImage } from './build.js';
import { imagesDirectory, isOfAnotherSuite, type GuestDefinition, type ImageRequest } from './guest.js';
import { sweepScratch } from './build.js';
import type { Mirror } from './mirror.js';

/** An image that is built and may be booted from; nothing ever writes to it again. */
export interface Image {
	readonly key: string;
	readonly packages: readonly string[];
	/** Raw ext4 file system, without a partition table. */
	readonly rootFile: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
}

export interface ImageStoreOptions {
	/** `…/rehearse/images`; what is downloaded for them is kept beside it. */
	readonly directory: string;
	readonly guest: GuestDefinition;
	readonly findMirror: () => Promise<Mirror>;
	readonly emit: (event: RunEventBody) => void;
	readonly signal?: AbortSignal | undefined;
}

/** How long one run waits for another that builds the same image, in milliseconds. */
const lockTimeoutMs = 30 * 60_000;

/** Part of every key: to be raised when `build.ts` makes another image of the same packages and files. */
const imageFormat = 1;

/** The key of an image: everything that its content depends on but the state of the mirror. */
export async function imageKey({ suite, packages }: Pick<ImageRequest, 'suite' | 'packages'>, guest: GuestDefinition): Promise<string> {
	const { components } = guest;
	const recipe = await hashTree(imagesDirectory(), (file) => file === 'guest.json' || isOfAnotherSuite(file, suite));
	return contentKey({ format: imageFormat, suite, components, packages, recipe });
}

/** SHA-256 over the paths, modes and contents of the files of a directory, but for those whose path is excepted. */
async function hashTree(directory: string, isExcepted: (file: string) => boolean): Promise<string> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	const files = entries
		.filter((entry) => entry.isFile())
		.map((entry) => path.join(entry.parentPath, entry.name))
		.filter((file) => !isExcepted(path.relative(directory, file)))
		.sort();
	const parts = await Promise.all(
		files.map(async (file) => `${path.relative(directory, file)}\0${(await stat(file)).mode & 0o111}\0${sha256(await readFile(file))}`),
	);
	return sha256(parts.join('\n'));
}

/** The image of a request if it is built already. Marks it as used now. */
export async function findImage(request: ImageRequest, options: Pick<ImageStoreOptions, 'directory' | 'guest'>): Promise<Image | undefined> {
	const key = await imageKey(request, options.guest);
	const image = imageAt(path.join(options.directory, key), key, request.packages);
	// A power failure, or the rest of an interrupted prune, may have left some of them, or nothing in them.
	const sizes = [image.rootFile, image.kernelFile, image.initrdFile].map((file) => stat(file).then(({ size }) => size, () => 0));
	if ((await Promise.all(sizes)).includes(0)) return undefined;
	const now = new Date();
	await utimes(path.dirname(image.rootFile), now, now).catch(() => undefined);
	return image;
}

const imageAt = (directory: string, key: string, packages: readonly string[]): Image => ({
	key,
	packages,
	rootFile: path.join(directory, 'root.img'),
	kernelFile: path.join(directory, 'vmlinuz'),
	initrdFile: path.join(directory, 'initrd'),
});

/**
 * The image of a request, built if it is not there. Safe when several runs want the same one: one builds, the others
 * wait. It is built in a staging directory and renamed, so a killed build leaves nothing that looks like an image.
 */
export async function provideImage(request: ImageRequest, options: ImageStoreOptions): Promise<Image> {
	const found = await findImage(request, options);
	if (found) return found;
	const key = await imageKey(request, options.guest);
	const directory = path.join(options.directory, key);
	const nodes = request.nodes.join(', ');
	const progress = (detail: string) => options.emit({ type: 'stage-progress', stage: 'images', detail: `${nodes}: ${detail}` });
	const lock = await acquireLock(directory, {
		timeoutMs: lockTimeoutMs,
		signal: options.signal,
		onWait: () => progress('another run builds this image; waiting for it'),
	});
	try {
		if (!(await findImage(request, options))) await buildAt(directory, request, options, progress);
	} finally {
		await lock.release();
	}
	const built = await findImage(request, options);
	if (!built) throw brokenFailure('image-build-failed', `the image of ${nodes} is not where it was put: ${directory}`);
	return built;
}

/** Builds an image aside, under a name that no other build has, and puts it in its place. */
async function buildAt(directory: string, request: ImageRequest, options: ImageStoreOptions, onProgress: (detail: string) => void): Promise<void> {
	const { guest, findMirror, signal } = options;
	const base = await scratchBase();
	await Promise.all([sweepPartials(options.directory), sweepScratch(base)]);
	await withCleanup(async (cleanup) => {
		let staging: string | undefined;
		cleanup.defer('unfinished image', async () => {
			if (staging !== undefined) await rm(staging, { recursive: true, force: true });
		});
		staging = await mkdtemp(`${directory}.partial-${tokenOf()}-`);
		await chmod(staging, 0o755);
		const packageCache = path.join(path.dirname(options.directory), 'packages');
		await buildImage(request, { guest, mirror: await findMirror(), into: staging, scratchBase: base, packageCache, onProgress, signal });
		const key = path.basename(directory);
		await writeFile(path.join(staging, 'image.json'), `${JSON.stringify({ key, packages: request.packages }, null, '\t')}\n`);
		// A laptop that slept may have lost its lock, and another run has built the image meanwhile: machines may read that one.
		while (!(await findImage(request, options)) && !(await moved(staging, directory))) {
			// What is there without being an image, such as the rest of an interrupted prune, makes room.
			await rename(directory, path.join(staging, 'rest')).catch(() => undefined);
			await rm(path.join(staging, 'rest'), { recursive: true, force: true });
		}
	});
}

/** Renames a directory onto a name that is free, or that of an empty one. Resolves to whether it was. */
async function moved(from: string, to: string): Promise<boolean> {
	try {
		await rename(from, to);
		return true;
	} catch (error) {
		if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		return false;
	}
}

/** Removes the unfinished images of builds that are dead. */
async function sweepPartials(images: string): Promise<void> {
	const partials = (await readdir(images).catch(() => [])).filter((name) => name.includes('.partial'));
	for (const name of partials) {
		const partial = path.join(images, name);
		if (!(await isHeld(processToken.exec(name)?.[0] ?? '', partial))) await rm(partial, { recursive: true, force: true });
	}
}

/**
 * Where builds put what only lives during them: on a disk (not /tmp, often memory), open to subordinate users. A private
 * TMPDIR, such as pam_tmpdir(8) gives each user, is not.
 */
async function scratchBase(): Promise<string> {
	const requested = process.env['TMPDIR'] ?? '';
	return path.isAbsolute(requested) && (await isOpenToAll(path.normalize(requested))) ? requested : '/var/tmp';
}
