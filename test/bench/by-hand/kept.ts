/** Images that the benchmark compares with, kept in the user's cache beside the tool's own: to build one takes minutes. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from '../../../src/base/files.js';
import { probeUpdates, type Sources } from '../../../src/image/archives.js';
import { findMirror, namedMirror } from '../../../src/image/mirror.js';
import { run } from '../../../src/process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../../../src/process/user-namespace.js';
import { userPaths } from '../../../src/runs/paths.js';

/** A build takes this long at most, in milliseconds. */
export const buildDeadlineMs = 20 * 60_000;

/**
 * Resolves to the directory of what was made by this recipe.
 * @param recipe all that decides what is made, as JSON
 * @param make fills a directory that is there; what it leaves when it rejects is removed
 */
export async function provideKept(recipe: unknown, make: (into: string) => Promise<void>): Promise<string> {
	const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
	const base = path.join(path.dirname(userPaths().cache), 'rehearse-bench-stock');
	const directory = path.join(base, key);
	if (await isThere(directory)) return directory;
	await mkdir(base, { recursive: true });
	const into = await mkdtemp(path.join(base, 'new-'));
	try {
		await make(into);
		await rename(into, directory);
	} catch (error) {
		await run(inUserNamespace(await readSubordinateRanges(), ['rm', '-rf', into]), { allowFailure: true });
		throw error;
	}
	return directory;
}

/** Where such an image's packages come from: the host's mirror, or a named one, with the updates that it has. */
export async function findStockSources(suite: string, mirror: string | undefined): Promise<Sources> {
	const found = mirror === undefined ? await findMirror(undefined) : namedMirror(mirror);
	return { ...found, updates: (await probeUpdates(suite, found)) ?? [] };
}
