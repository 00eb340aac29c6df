import os from 'node:os';
import { Semaphore } from '../base/semaphore.js';
import { withEither } from '../base/waiting.js';
import { imageRequests, layerRequest, readGuestDefinition, type ImageRequest } from '../image/guest.js';
import { allUpdates, probeUpdates, suitesOf } from '../image/archives.js';
import { findHostMirror, namedMirror } from '../image/mirror.js';
import { findImage, prepareLayer, provideImage, type Image, type ImageStoreOptions } from '../image/store.js';
import type { Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';

export interface ImagesOptions {
	readonly directory: string;
	/** Base URI of the Debian archive. The default is that of the host's apt. */
	readonly mirror?: string | undefined;
	readonly emit: Emit;
	readonly signal?: AbortSignal | undefined;
}

/** Whether a lab's images are all there, so that nothing has to be built. */
export async function areImagesThere(lab: Pick<Lab, 'nodes'>, directory: string): Promise<boolean> {
	const guest = await readGuestDefinition();
	const found = await Promise.all(imageRequests(lab, guest).map((request) => findImage(request, { directory, guest })));
	return found.every((image) => image !== undefined);
}

/** How many builds run at once. A build alternates between unpacking and single-threaded scripts. */
const buildsAtOnce = Math.min(2, os.availableParallelism());

/** Provides the image of each node, and builds the missing ones. Resolves to the images by node. */
export async function provideImages(
	lab: Pick<Lab, 'nodes'>,
	{ directory, mirror, emit, signal }: ImagesOptions,
): Promise<ReadonlyMap<string, Image>> {
	const guest = await readGuestDefinition();
	// Asked once for all images, and only where one is built.
	const answers = new Map<string, ReturnType<ImageStoreOptions['findSources']>>();
	const findSources = (suite: string) => {
		const answer = answers.get(suite) ?? askMirror(suite, mirror, { emit, signal });
		answers.set(suite, answer);
		return answer;
	};
	const images = new Map<string, Image>();
	const failing = new AbortController();
	const semaphore = new Semaphore(buildsAtOnce);
	// A layer is waited for outside of the semaphore, so that another can be built meanwhile.
	const layers = new Map<string, Promise<void>>();
	const layer = (request: ImageRequest, options: ImageStoreOptions) => {
		const key = JSON.stringify(layerRequest(request, guest));
		const prepared = layers.get(key) ?? semaphore.take(() => prepareLayer(request, options));
		layers.set(key, prepared);
		return prepared;
	};
	const provide = async (request: ImageRequest, either: AbortSignal) => {
		const options = { directory, guest, findSources, emit, signal: either };
		try {
			const found = await findImage(request, options);
			if (!found) await layer(request, options);
			const image = found ?? (await semaphore.take(() => provideImage(request, options)));
			for (const node of request.nodes) images.set(node, image);
		} catch (error) {
			failing.abort(error);
			throw error;
		}
	};
	// Wait for all, so that no build continues after a failure.
	await withEither([signal, failing.signal], async (either) => {
		await Promise.allSettled(imageRequests(lab, guest).map((request) => provide(request, either)));
		either.throwIfAborted();
	});
	return images;
}

/** Finds out where the packages of a suite come from. Reports which updates there are none of. */
async function askMirror(
	suite: string,
	named: string | undefined,
	{ emit, signal }: Pick<ImagesOptions, 'emit' | 'signal'>,
): ReturnType<ImageStoreOptions['findSources']> {
	const mirror = named === undefined ? await findHostMirror(signal) : namedMirror(named);
	const updates = await probeUpdates(suite, mirror, signal);
	const missing = updates && allUpdates.filter((update) => !updates.includes(update));
	if (missing && missing.length > 0) {
		const names = suitesOf(suite, missing).slice(1).join(' and no ');
		emit({ type: 'notice', message: `the mirror has no ${names}: images are built without` });
	}
	return { ...mirror, updates };
}
