/** Provides an image as a run does, from a file with the request and the place; the test kills it meanwhile. */
import { readFileSync } from 'node:fs';
import type { GuestDefinition, ImageRequest } from '../../../src/image/guest.js';
import { provideImage } from '../../../src/image/store.js';

const { request, directory, guest } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
	request: ImageRequest;
	directory: string;
	guest: GuestDefinition;
};
await provideImage(request, { directory, guest, findSources: async () => ({ updates: ['security', 'updates'] }), emit: () => undefined });
