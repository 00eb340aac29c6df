/**
 * Layers: what images have in common, installed once. A layer is Debian's packages as apt installs them, without anything
 * that `customize.sh` does, and with the package lists that they were chosen from.
 */
import { chmod, copyFile, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { linkOrCopy } from '../base/files.js';
import { contentKey } from '../base/hash.js';
import { pasteable } from '../base/shell.js';
import { run, type Argv } from '../process/run.js';
import { readSubordinateRanges } from '../process/user-namespace.js';
import { bootstrap, bootstrapFailure, imageSubject, packageHooks } from './bootstrap.js';
import { buildOnce } from './build-once.js';
import { imagesDirectory, type GuestDefinition, type LayerRequest } from './guest.js';
import { mirrorArguments, type Sources } from './archives.js';
import { commonOptions } from './options.js';
import { keepPackages } from './package-cache.js';
import { makeScratch, scratchBase, scratchLayout } from './scratch.js';

/** A finished layer. A later one with newer packages may take its place. */
export interface Layer {
	readonly key: string;
	/** Which of the layers of its key it is. */
	readonly id: string;
	readonly archive: string;
	/** dpkg's status when only Debian's essential packages were installed. */
	readonly essentialStatus: string;
}

export interface LayerOptions {
	/** `…/rehearse/layers`; what is downloaded for them is kept beside it. */
	readonly directory: string;
	readonly guest: GuestDefinition;
	/** The nodes that wait for it, for messages. */
	readonly nodes: readonly string[];
	readonly sources: Sources;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** The names of a layer's files; on-layer/unpack.sh reads the first two. */
const layerFiles = { archive: 'layer.tar', essentialStatus: 'essential-status', description: 'layer.json' } as const;

/** Part of every key: to be raised when a layer of the same packages becomes another. */
const layerFormat = 1;

/** The key of a layer: everything that its content depends on but the state of the mirror. */
export const layerKey = (
	{ suite, packages }: LayerRequest,
	{ components }: Pick<GuestDefinition, 'components'>,
	updates: Sources['updates'],
): string => contentKey({ format: layerFormat, suite, components, packages, updates, options: commonOptions({ components }, {}) });

/** Finds the layer of a request, if it was built. Marks it as used now. */
export async function findLayer(
	request: LayerRequest,
	{ directory, guest, sources }: Pick<LayerOptions, 'directory' | 'guest'> & { readonly sources: Pick<Sources, 'updates'> },
): Promise<Layer | undefined> {
	const key = layerKey(request, guest, sources.updates);
	const place = (name: string) => path.join(directory, key, name);
	// As with images: what a power failure left.
	const sizes = Object.values(layerFiles).map((name) => stat(place(name)).then(({ size }) => size, () => 0));
	if ((await Promise.all(sizes)).includes(0)) return undefined;
	const text = await readFile(place(layerFiles.description), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	const now = new Date();
	await utimes(path.join(directory, key), now, now).catch(() => undefined);
	const { id } = JSON.parse(text) as { readonly id: string };
	return { key, id, archive: place(layerFiles.archive), essentialStatus: place(layerFiles.essentialStatus) };
}

/**
 * The layer of a request, built if it is not there. Safe when several processes want the same one.
 * @param outdated the id of one that is of no use any more, and whose place another takes
 */
export async function provideLayer(request: LayerRequest, options: LayerOptions, outdated?: string): Promise<Layer> {
	const find = async () => {
		const layer = await findLayer(request, options);
		return layer?.id === outdated ? undefined : layer;
	};
	return buildOnce({
		directory: path.join(options.directory, layerKey(request, options.guest, options.sources.updates)),
		find,
		build: (into) => buildLayer(request, { ...options, into }),
		onWait: () => options.onProgress('somebody else installs the packages that images share; waiting for it'),
		signal: options.signal,
	});
}

/**
 * Puts a layer's files into a directory of a build, which has them then whatever becomes of the layer. Rejects with the code
 * ENOENT where the layer is gone.
 */
export async function takeLayer({ archive, essentialStatus }: Layer, into: string): Promise<void> {
	await linkOrCopy(archive, path.join(into, layerFiles.archive));
	const status = path.join(into, layerFiles.essentialStatus);
	await copyFile(essentialStatus, status);
	await chmod(status, 0o644);
}

/** The command that writes a layer into a tar archive. */
export function layerArgv(
	{ suite, packages }: LayerRequest,
	archive: string,
	{ guest, sources, scratch }: { readonly guest: Pick<GuestDefinition, 'components'>; readonly sources: Sources; readonly scratch: string },
): Argv {
	const { handIn, takeOut } = packageHooks(scratch);
	return [
		'mmdebstrap',
		...commonOptions(guest, sources),
		'--variant=minbase',
		`--include=${packages.join(',')}`,
		// The package lists are kept: they are what a recipe's packages are chosen from.
		'--skip=essential/unlink,cleanup/apt/lists',
		handIn,
		`--essential-hook=cp "$1/var/lib/dpkg/status" ${pasteable([path.join(scratch, layerFiles.essentialStatus)])}`,
		takeOut,
		suite,
		archive,
		...mirrorArguments(suite, guest.components, sources),
	];
}

async function buildLayer(request: LayerRequest, { guest, nodes, sources, into, onProgress, directory, signal }: LayerOptions & { readonly into: string }): Promise<void> {
	const [ranges, base] = await Promise.all([readSubordinateRanges(), scratchBase()]);
	const packageCache = path.join(path.dirname(directory), 'packages');
	const place = (name: string) => path.join(into, name);
	await withCleanup(async (cleanup) => {
		const scratch = await makeScratch(imagesDirectory(), ranges, { scratchBase: base, packageCache }, cleanup);
		const argv = layerArgv(request, place(layerFiles.archive), { guest, sources, scratch });
		const log = await bootstrap(argv, { scratch, onProgress, signal });
		if (log.exitCode !== 0) throw bootstrapFailure(log.text, { nodes }, { ...imageSubject, isShared: true });
		await keepPackages(scratchLayout(scratch).gathered, packageCache);
		await copyFile(path.join(scratch, layerFiles.essentialStatus), place(layerFiles.essentialStatus));
		await writeFile(place(layerFiles.description), `${JSON.stringify({ id: randomUUID(), ...request }, null, '\t')}\n`);
		// Builds read it as a subordinate user.
		await chmod(place(layerFiles.archive), 0o644);
		// As with images: a power failure must not leave what looks whole.
		await run(['sync', ...Object.values(layerFiles).map(place)], { signal });
	});
}
