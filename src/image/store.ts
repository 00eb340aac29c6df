import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { brokenFailure } from '../base/errors.js';
import { isOpenToAll } from '../base/files.js';
import { contentKey, sha256 } from '../base/hash.js';
import type { RunEventBody } from '../lab/events.js';
import { acquireLock } from '../process/lock.js';
import { buildImage } from './build.js';
import { imagesDirectory, type GuestDefinition, type ImageRequest } from './guest.js';
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
export async function imageKey(packages: readonly string[], guest: GuestDefinition): Promise<string> {
	const { suite, components } = guest;
	return contentKey({ format: imageFormat, suite, components, packages, recipe: await hashTree(imagesDirectory(), /^guest\.json$/) });
}

/** SHA-256 over the paths, modes and contents of the files of a directory, but for those whose path matches `except`. */
async function hashTree(directory: string, except: RegExp): Promise<string> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	const files = entries
		.filter((entry) => entry.isFile())
		.map((entry) => path.join(entry.parentPath, entry.name))
		.filter((file) => !except.test(path.relative(directory, file)))
		.sort();
	const parts = await Promise.all(
		files.map(async (file) => `${path.relative(directory, file)}\0${(await stat(file)).mode & 0o111}\0${sha256(await readFile(file))}`),
	);
	return sha256(parts.join('\n'));
}

/** The image of a request if it is built already. Marks it as used now. */
export async function findImage(request: ImageRequest, options: ImageStoreOptions): Promise<Image | undefined> {
	const key = await imageKey(request.packages, options.guest);
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
	const key = await imageKey(request.packages, options.guest);
	const directory = path.join(options.directory, key);
	const nodes = request.nodes.join(', ');
	const progress = (detail: string) => options.emit({ type: 'stage-progress', stage: 'images', detail: `${nodes}: ${detail}` });
	const lock = await acquireLock(directory, {
		timeoutMs: lockTimeoutMs,
		signal: options.signal,
		onWait: () => progress('another run builds this image; waiting for it'),
	});
	try {
		const builtMeanwhile = await findImage(request, options);
		if (builtMeanwhile) return builtMeanwhile;
		const staging = `${directory}.partial`;
		await rm(staging, { recursive: true, force: true });
		await mkdir(staging, { recursive: true });
		await buildImage(request, {
			guest: options.guest,
			mirror: await options.findMirror(),
			into: staging,
			// Of this cache: two that build the same image do not know of each other.
			scratch: path.join(await scratchBase(), `rehearse-${os.userInfo().uid}-${contentKey([options.directory, key])}`),
			packageCache: path.join(path.dirname(options.directory), 'packages'),
			onProgress: progress,
			signal: options.signal,
		});
		await writeFile(path.join(staging, 'image.json'), `${JSON.stringify({ key, packages: request.packages }, null, '\t')}\n`);
		// What is there without being an image, such as the rest of an interrupted prune, makes room.
		await rm(directory, { recursive: true, force: true });
		await rename(staging, directory);
	} finally {
		await lock.release();
	}
	const built = await findImage(request, options);
	if (!built) throw brokenFailure('image-build-failed', `the image of ${nodes} is not where it was put: ${directory}`);
	return built;
}

/**
 * Where builds put what only lives during them: on a disk (not /tmp, often memory), open to subordinate users. A private
 * TMPDIR, such as pam_tmpdir(8) gives each user, is not.
 */
async function scratchBase(): Promise<string> {
	const requested = process.env['TMPDIR'] ?? '';
	return path.isAbsolute(requested) && (await isOpenToAll(path.normalize(requested))) ? requested : '/var/tmp';
}
