import os from 'node:os';
import { plural } from '../base/format.js';
import { allOf } from '../base/waiting.js';
import { downloadAhead } from '../image/downloads.js';
import { imageRequests, layerRequest, readGuestDefinition, type ImageRequest } from '../image/guest.js';
import { findImage, packagesBeside, prepareLayer, provideImage, sourcesAhead, type Image, type ImageStoreOptions } from '../image/store.js';
import type { Emit } from '../lab/events.js';
import { bootOrder } from '../lab/boot-order.js';
import type { Lab } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import { startBuilds, type Supplies } from './builds.js';
import { sourcesFrom } from './sources.js';

export interface ImagesOptions {
	readonly directory: string;
	/** Base URI of the Debian archive. The default is that of the host's apt. */
	readonly mirror?: string | undefined;
	readonly emit: Emit;
	readonly signal?: AbortSignal | undefined;
	/** Called once, with the first image that is there. It works in the place of a build, while others are built. */
	readonly useFirst?: (image: Image, signal: AbortSignal) => Promise<void>;
}

/** The images of a lab, of which some may still be being built. */
export interface LabImages {
	/** Each image with the nodes that boot from it. When one cannot be built, all that are not there reject with its error. */
	readonly parts: readonly { readonly nodes: readonly string[]; readonly image: Promise<Image> }[];
	/** Those that are there by now, by node. */
	ready(): ReadonlyMap<string, Image>;
	/** Resolves when nothing is being built any more, whatever became of it. */
	readonly settled: Promise<void>;
}

/** Whether a lab's images are all there, so that nothing has to be built. */
export async function areImagesThere(lab: Pick<Lab, 'nodes'>, directory: string): Promise<boolean> {
	const guest = await readGuestDefinition();
	const found = await Promise.all(imageRequests(lab, guest).map((request) => findImage(request, { directory, guest })));
	return found.every((image) => image !== undefined);
}

/** How many builds run at once. A build alternates between unpacking and single-threaded scripts. */
const buildsAtOnce = Math.min(2, os.availableParallelism());

/** Begins to build the images of a lab that are missing. Whoever calls this waits until they have settled, whatever happens. */
export async function startImages(lab: Pick<Lab, 'nodes' | 'connections'>, options: ImagesOptions): Promise<LabImages> {
	const { directory, mirror, emit, signal, useFirst } = options;
	const guest = await readGuestDefinition();
	const findSources = sourcesFrom(mirror, { built: 'images', emit, signal });
	const storeOptions = (either: AbortSignal): ImageStoreOptions => ({ directory, guest, findSources, emit, signal: either });
	const requests = inBootOrder(imageRequests(lab, guest), lab);
	const { products, ready, settled } = await startBuilds<ImageRequest, Image>(
		requests,
		{
			find: (request) => findImage(request, { directory, guest }),
			supply: (missing, either) => downloads(missing, storeOptions(either)),
			baseOf: (request) => JSON.stringify(layerRequest(request, guest)),
			buildBase: (request, either) => prepareLayer(request, storeOptions(either)),
			build: (request, either) => reportBuild(request, emit, () => provideImage(request, storeOptions(either))),
			...(useFirst ? { useFirst } : {}),
		},
		{ atOnce: buildsAtOnce, signal },
	);
	const byNode = (index: number, image: Image) => (requests[index]?.nodes ?? []).map((node) => [node, image] as const);
	return {
		parts: requests.flatMap(({ nodes }, index) => {
			const image = products[index];
			return image ? [{ nodes, image }] : [];
		}),
		ready: () => new Map([...ready].flatMap(([index, image]) => byNode(index, image))),
		settled,
	};
}

/** Those first whose nodes boot first: others wait for them to come up. */
export function inBootOrder<Request extends Pick<ImageRequest, 'nodes'>>(requests: readonly Request[], { nodes, connections }: Pick<Lab, 'nodes' | 'connections'>): readonly Request[] {
	const order = bootOrder(nodes, connections).map(({ name }) => name);
	const first = (request: Request) => Math.min(...request.nodes.map((node) => order.indexOf(node)));
	return requests.toSorted((one, other) => first(one) - first(other));
}

/** Downloads what images need, for all of them at once, while the layers that they are made on are still being built. */
export function downloads(requests: readonly ImageRequest[], options: ImageStoreOptions): Supplies<ImageRequest> {
	const { directory, guest, emit, signal } = options;
	const opens = new Map<ImageRequest, () => void>();
	const ready = new Map(requests.map((request) => [request, new Promise<void>((resolve) => opens.set(request, resolve))]));
	const download = async (own: readonly ImageRequest[]) => {
		const sources = await Promise.all(own.map((request) => sourcesAhead(request, options)));
		const ahead = own.filter((_request, index) => sources[index] !== undefined);
		for (const request of own) if (!ahead.includes(request)) opens.get(request)?.();
		const [from] = sources.filter((one) => one !== undefined);
		if (!from) return;
		await downloadAhead(ahead, {
			...{ guest, sources: from, packageCache: packagesBeside(directory), signal },
			onReady: (request) => opens.get(request)?.(),
			onDownload: ({ nodes }, packages) =>
				emit({ type: 'stage-progress', stage: 'images', nodes, detail: `downloading ${plural(packages, 'package')} ahead` }),
		});
	};
	const ofSuite = (suite: string) => {
		const own = requests.filter((request) => request.suite === suite);
		// Nobody waits for what will not come any more.
		return download(own).finally(() => own.forEach((request) => opens.get(request)?.()));
	};
	const settled = allOf([...new Set(requests.map(({ suite }) => suite))].map(ofSuite)).then(() => undefined);
	settled.catch(() => undefined);
	return { until: (request) => ready.get(request) ?? Promise.resolve(), settled };
}

/** Reports for each node that its image is being built, and that it is ready. The whole stage reports that it cannot be built. */
async function reportBuild({ nodes }: ImageRequest, emit: Emit, build: () => Promise<Image>): Promise<Image> {
	const began = performance.now();
	for (const node of nodes) emit({ type: 'stage-started', stage: 'images', node });
	const image = await build();
	const ms = Math.round(performance.now() - began);
	for (const node of nodes) emit({ type: 'stage-finished', stage: 'images', node, status: 'passed', ms });
	return image;
}

/** Resolves to the images of all nodes. Where one could not be built, it rejects when all builds have ended. */
export async function allImages({ parts, ready }: Pick<LabImages, 'parts' | 'ready'>): Promise<ReadonlyMap<string, Image>> {
	await allOf(parts.map(({ image }) => image));
	return ready();
}

/** Provides the image of each node, and builds the missing ones, as a stage. Resolves to the images by node. */
export const provideImages = (lab: Pick<Lab, 'nodes' | 'connections'>, options: ImagesOptions): Promise<ReadonlyMap<string, Image>> =>
	stage(options.emit, 'images', async () => {
		const images = await startImages(lab, options);
		return await allImages(images).finally(() => images.settled);
	});
