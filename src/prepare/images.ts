import os from 'node:os';
import { Semaphore } from '../base/semaphore.js';
import { imageRequests, readGuestDefinition, type ImageRequest } from '../image/guest.js';
import { findHostMirror } from '../image/mirror.js';
import { provideImage, type Image } from '../image/store.js';
import type { Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';

export interface ImagesOptions {
	readonly directory: string;
	/** Base URI of the Debian archive; the one of the host's apt otherwise. */
	readonly mirror?: string | undefined;
	readonly emit: Emit;
	readonly signal?: AbortSignal | undefined;
}

/** A build is a mixture of unpacking and single-threaded scripts: as many at once as there are cores, but few. */
const buildsAtOnce = Math.min(2, os.availableParallelism());

/** The image of each node by name, built where it is missing. */
export async function provideImages(
	lab: Pick<Lab, 'nodes'>,
	{ directory, mirror, emit, signal }: ImagesOptions,
): Promise<ReadonlyMap<string, Image>> {
	const guest = await readGuestDefinition();
	const findMirror = () => (mirror ? Promise.resolve({ uri: mirror }) : findHostMirror(signal));
	const images = new Map<string, Image>();
	const failing = new AbortController();
	const either = signal ? AbortSignal.any([signal, failing.signal]) : failing.signal;
	const semaphore = new Semaphore(buildsAtOnce);
	const provide = async (request: ImageRequest) => {
		try {
			const image = await semaphore.take(() => provideImage(request, { directory, guest, findMirror, emit, signal: either }));
			for (const node of request.nodes) images.set(node, image);
		} catch (error) {
			failing.abort(error);
			throw error;
		}
	};
	// All are waited for, so that no build goes on behind a failure.
	await Promise.allSettled(imageRequests(lab, guest).map(provide));
	either.throwIfAborted();
	return images;
}
