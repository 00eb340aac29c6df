import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { diskUsage } from '../base/disk-usage.js';
import { ExitCode } from '../base/errors.js';
import { imageRequests, readGuestDefinition, type GuestDefinition, type ImageRequest } from '../image/guest.js';
import { imageKey, lookForImage } from '../image/store.js';
import type { Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { provideImages } from '../prepare/images.js';
import { ensureDirectory, type Paths } from '../runs/paths.js';
import { imagesObject, renderImages, type ShownImage } from '../report/images.js';
import { loadLab } from './load-lab.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';
import { startView } from './view.js';

export interface ImageOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	readonly paths: Pick<Paths, 'cache' | 'state' | 'images'>;
	/** Whether only to show the images. */
	readonly list: boolean;
	readonly mirror: string | undefined;
	/** Limit for everything that is built. */
	readonly timeLimitMs: number;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/** `rehearse image`: builds the missing images, unless `list` is set, and shows the lab's images. */
export async function imageCommand(options: ImageOptions): Promise<ExitCode> {
	const { terminal, paths, list } = options;
	const lab = await loadLab(options.lab, terminal);
	const guest = await readGuestDefinition();
	const look = () => Promise.all(imageRequests(lab, guest).map((request) => inspect(request, guest, paths.images)));
	let images = await look();
	if (!list && images.some(({ built }) => !built)) {
		await buildImages(lab, options);
		images = await look();
	}
	const { stdout, stdoutColor: color } = terminal;
	stdout.write(
		options.json ? `${JSON.stringify(imagesObject(lab.name, images), undefined, '\t')}\n` : renderImages(images, { color }),
	);
	return ExitCode.passed;
}

async function buildImages(lab: Lab, { terminal, paths, mirror, timeLimitMs }: ImageOptions): Promise<void> {
	await ensureDirectory(paths, 'cache');
	const stopping = stopOnSignals(timeLimitMs);
	// The live view shows whole runs, and this is only one stage.
	const view = await startView({ ...terminal, live: false });
	const emit: Emit = (event) => view.onEvent({ at: Date.now(), ...event });
	try {
		await provideImages(lab, { directory: paths.images, mirror, emit, signal: stopping.signal });
	} finally {
		await view.stop();
		stopping.done();
	}
}

/** Describes an image without marking it as used. */
async function inspect(request: ImageRequest, guest: GuestDefinition, directory: string): Promise<ShownImage> {
	const found = await lookForImage(request, { directory, guest });
	const built = found !== undefined;
	// Of one that is not built, that with all updates.
	const key = found?.key ?? (await imageKey(request, guest));
	const image = path.join(directory, key);
	const { suites = [] } = built ? (JSON.parse(await readFile(path.join(image, 'image.json'), 'utf8').catch(() => '{}')) as { suites?: string[] }) : {};
	const installed = await readFile(path.join(image, 'packages.txt'), 'utf8').catch(() => '');
	return {
		key,
		directory: image,
		nodes: request.nodes,
		suites,
		packages: request.packages,
		built,
		installed: built ? installed.split('\n').filter((line) => line !== '').length : 0,
		bytes: built ? await diskUsage(image) : 0,
	};
}
