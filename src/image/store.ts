import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { contentKey, sha256 } from '../base/hash.js';
import type { RunEventBody } from '../lab/events.js';
import { allUpdates, suitesOf, updateSets, type FindSources, type Sources, type Update } from './archives.js';
import { buildOnce } from './build-once.js';
import { buildImage, UnusableLayer, type BuildOptions } from './build.js';
import { parseContents, type ImageContents } from './contents.js';
import { imagesDirectory, isOfOtherImages, layerRequest, type GuestDefinition, type ImageRequest } from './guest.js';
import { findLayer, layerKey, provideLayer, type LayerOptions } from './layer.js';
import { scratchBase } from './scratch.js';

/** A finished image, which machines may boot from. Nothing ever writes to it again. */
export interface Image {
	readonly key: string;
	readonly packages: readonly string[];
	/** Raw ext4 file system, without a partition table. */
	readonly rootFile: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
}

export interface ImageStoreOptions {
	/** `…/rehearse/images`; layers, and what is downloaded, are kept beside it. */
	readonly directory: string;
	readonly guest: GuestDefinition;
	readonly findSources: FindSources;
	readonly emit: (event: RunEventBody) => void;
	readonly signal?: AbortSignal | undefined;
}

/** Part of every key: to be raised when `build.ts` makes another image of the same packages and files. */
const imageFormat = 2;

/**
 * The key of an image: everything that its content depends on but the state of the mirror, of which it has which
 * updates there are.
 */
export async function imageKey(
	{ suite, packages }: Pick<ImageRequest, 'suite' | 'packages'>,
	guest: GuestDefinition,
	updates: readonly Update[] = allUpdates,
): Promise<string> {
	const { components } = guest;
	const recipe = await hashTree(imagesDirectory(), (file) => file === 'guest.json' || isOfOtherImages(file, suite));
	const layer = layerKey(layerRequest({ suite, packages }, guest), guest, updates);
	return contentKey({ format: imageFormat, suite, components, packages, updates, layer, recipe });
}

/** SHA-256 over the paths, modes and contents of the files of a directory, but for those whose path is excepted. */
export async function hashTree(directory: string, isExcepted: (file: string) => boolean): Promise<string> {
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

type ImagePlace = Pick<ImageStoreOptions, 'directory' | 'guest'>;

/** The image of a request if it is built already, with what updates ever; those with most go first. Marks it as used now. */
export async function findImage(request: ImageRequest, options: ImagePlace): Promise<Image | undefined> {
	const image = await lookForImage(request, options);
	return image && markUsed(image);
}

/** The same without marking it as used. */
export async function lookForImage(request: ImageRequest, options: ImagePlace): Promise<Image | undefined> {
	for (const updates of updateSets) {
		const image = await lookForImageWith(updates, request, options);
		if (image) return image;
	}
	return undefined;
}

async function lookForImageWith(updates: readonly Update[], request: ImageRequest, options: ImagePlace): Promise<Image | undefined> {
	const key = await imageKey(request, options.guest, updates);
	const image = imageAt(path.join(options.directory, key), key, request.packages);
	// A power failure, or the rest of an interrupted prune, may have left some of them, or nothing in them.
	const sizes = [image.rootFile, image.kernelFile, image.initrdFile].map((file) => stat(file).then(({ size }) => size, () => 0));
	return (await Promise.all(sizes)).includes(0) ? undefined : image;
}

async function markUsed(image: Image): Promise<Image> {
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

/** Reads what is in an image (./contents); nothing for an image from a bundle, which comes without a list. */
export async function readContents({ rootFile }: Pick<Image, 'rootFile'>): Promise<ImageContents | undefined> {
	const text = await readFile(path.join(path.dirname(rootFile), 'contents.txt'), 'utf8').catch(() => undefined);
	return text === undefined ? undefined : parseContents(text);
}

/** The image of a request, built if it is not there. Safe when several runs want the same one. */
export async function provideImage(request: ImageRequest, options: ImageStoreOptions): Promise<Image> {
	const found = await findImage(request, options);
	if (found) return found;
	const sources = await settleSources(request, options);
	const key = await imageKey(request, options.guest, sources.updates);
	const onProgress = progressOf(request.nodes, options);
	return buildOnce({
		directory: path.join(options.directory, key),
		find: async () => {
			const image = await lookForImageWith(sources.updates, request, options);
			return image && markUsed(image);
		},
		build: async (into) => {
			await buildOnLayer(request, sources, { ...options, into, onProgress });
			const description = { key, suites: suitesOf(request.suite, sources.updates), packages: request.packages };
			await writeFile(path.join(into, 'image.json'), `${JSON.stringify(description, null, '\t')}\n`);
		},
		onWait: () => onProgress('another run builds this image; waiting for it'),
		signal: options.signal,
	});
}

/** Where the layers of a store's images are. */
const layersBeside = (directory: string): string => path.join(path.dirname(directory), 'layers');

/** Reports how far the image of some nodes is. */
const progressOf =
	(nodes: readonly string[], { emit }: Pick<ImageStoreOptions, 'emit'>) =>
	(detail: string): void =>
		emit({ type: 'stage-progress', stage: 'images', nodes, detail });

/** Where the packages of an image come from. Without the mirror it can be made of a layer that is there, with the updates of that. */
async function settleSources(request: ImageRequest, { directory, guest, findSources }: ImageStoreOptions): Promise<Sources> {
	const { updates: found, ...mirror } = await findSources(request.suite);
	if (found) return { ...mirror, updates: found };
	for (const updates of updateSets) {
		if (await findLayer(layerRequest(request, guest), { directory: layersBeside(directory), guest, sources: { updates } })) return { ...mirror, updates };
	}
	return { ...mirror, updates: allUpdates };
}

/**
 * Where what an image needs is worth being downloaded ahead: where its layer has to be built first. Nothing where that is
 * there, or the mirror cannot be reached.
 */
export async function sourcesAhead(request: ImageRequest, { directory, guest, findSources }: ImageStoreOptions): Promise<Sources | undefined> {
	const { updates, ...mirror } = await findSources(request.suite);
	if (!updates) return undefined;
	const layer = await findLayer(layerRequest(request, guest), { directory: layersBeside(directory), guest, sources: { updates } });
	return layer ? undefined : { ...mirror, updates };
}

/** The directory of the packages that were downloaded for images of a store. */
export const packagesBeside = (directory: string): string => path.join(path.dirname(directory), 'packages');

/** The options of the layer of an image. */
function layerOptions({ nodes }: ImageRequest, sources: Sources, options: ImageStoreOptions): LayerOptions {
	const { directory, guest, signal } = options;
	return { directory: layersBeside(directory), guest, nodes, sources, onProgress: progressOf(nodes, options), signal };
}

/** Provides the layer that the image of a request is made on. */
export async function prepareLayer(request: ImageRequest, options: ImageStoreOptions): Promise<void> {
	await provideLayer(layerRequest(request, options.guest), layerOptions(request, await settleSources(request, options), options));
}

/** How many layers a build tries, each newer than the one before, until it makes do without. */
const layersTried = 3;

async function buildOnLayer(request: ImageRequest, sources: Sources, options: ImageStoreOptions & Pick<BuildOptions, 'into' | 'onProgress'>): Promise<void> {
	const { directory, guest, into, onProgress, signal } = options;
	const packageCache = packagesBeside(directory);
	const build = async (below: BuildOptions['below']) =>
		buildImage(request, { guest, sources, below, into, scratchBase: await scratchBase(), packageCache, onProgress, signal });
	const wanted = layerRequest(request, guest);
	let outdated: string | undefined;
	for (let tried = 0; tried < layersTried; tried++) {
		const layer = await provideLayer(wanted, layerOptions(request, sources, options), outdated);
		try {
			return await build({ ...layer, packages: wanted.packages });
		} catch (error) {
			if (!(error instanceof UnusableLayer)) throw error;
			if (error.why === 'unfit') break;
			if (error.why === 'outdated') outdated = layer.id;
		}
	}
	onProgress('from nothing: its packages do not fit those that images share');
	await build(undefined);
}
