import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, Failure } from '../base/errors.js';
import { linkOrCopy } from '../base/files.js';
import { contentKey, sha256 } from '../base/hash.js';
import type { FindSources } from '../image/archives.js';
import { buildOnce } from '../image/build-once.js';
import type { GuestDefinition } from '../image/guest.js';
import { scratchBase } from '../image/scratch.js';
import { hashTree } from '../image/store.js';
import { baseFiles, buildBase, readStoredFacts } from './base-build.js';
import { isoDirectory, type BaseRequest } from './definition.js';
import type { BaseFacts } from './node-layer.js';

/** A finished base layer. Nothing ever writes to it again. */
export interface BaseLayer {
	readonly squashfs: string;
	readonly kernel: string;
	readonly initrd: string;
	/** The text of its `dpkg-manifest`. */
	readonly manifest: string;
	readonly facts: BaseFacts;
}

/** A base layer is gone: somebody has removed it since it was found, as `rehearse prune` does. */
export class BaseGone extends Failure {
	constructor(cause: Error) {
		super('base-gone', ExitCode.broken, `the base layer of an ISO is gone: ${cause.message}`, {
			hint: 'somebody removes base layers, as `rehearse prune` does; run it again once that is done',
			cause,
		});
	}
}

/**
 * Puts a base layer's large files into a directory of an ISO's making, which has them then whatever becomes of the layer.
 * @throws BaseGone
 */
export async function takeBase(base: BaseLayer, into: { readonly squashfs: string; readonly kernel: string; readonly initrd: string }): Promise<void> {
	for (const name of ['squashfs', 'kernel', 'initrd'] as const) {
		await linkOrCopy(base[name], into[name]).catch((error: NodeJS.ErrnoException) => {
			throw error.code === 'ENOENT' ? new BaseGone(error) : error;
		});
	}
}

export interface BaseStoreOptions {
	/** `…/rehearse/iso-bases`; what is downloaded for them is kept beside it. */
	readonly directory: string;
	readonly guest: GuestDefinition;
	readonly findSources: FindSources;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** Part of every key: to be raised when `base-build.ts` makes another layer of the same packages and files. */
const baseFormat = 3;

/** The key of a base layer: everything that its content depends on but the state of the mirror. */
export async function baseKey({ suite, packages, recommends, pin }: BaseRequest, { components }: GuestDefinition): Promise<string> {
	const recipe = await hashTree(isoDirectory(), (file) => file === 'definition.json');
	return contentKey({ format: baseFormat, suite, components, packages, recommends, pin: pin === undefined ? null : sha256(pin), recipe });
}

/** Finds the base layer of a request, if it was built. Marks it as used now. */
export async function findBase(request: BaseRequest, { directory, guest }: Pick<BaseStoreOptions, 'directory' | 'guest'>): Promise<BaseLayer | undefined> {
	const own = await baseAt(path.join(directory, await baseKey(request, guest)));
	if (own || request.pin === undefined) return own;
	// One that nobody pinned may be what the pin asks for.
	const unpinned = await baseAt(path.join(directory, await baseKey({ ...request, pin: undefined }, guest)));
	return unpinned?.manifest === request.pin ? unpinned : undefined;
}

async function baseAt(directory: string): Promise<BaseLayer | undefined> {
	const place = (name: string) => path.join(directory, name);
	const sizes = Object.values(baseFiles).map((name) => stat(place(name)).then(({ size }) => size, () => 0));
	if ((await Promise.all(sizes)).includes(0)) return undefined;
	const now = new Date();
	await utimes(directory, now, now).catch(() => undefined);
	return {
		squashfs: place(baseFiles.squashfs),
		kernel: place(baseFiles.kernel),
		initrd: place(baseFiles.initrd),
		manifest: await readFile(place(baseFiles.manifest), 'utf8'),
		facts: await readStoredFacts(directory),
	};
}

/** The base layer of a request, built if it is not there. Safe when several processes want the same one. */
export async function provideBase(request: BaseRequest, options: BaseStoreOptions): Promise<BaseLayer> {
	const { guest, onProgress, signal } = options;
	const key = await baseKey(request, guest);
	const directory = path.join(options.directory, key);
	return buildOnce({
		directory,
		find: () => findBase(request, options),
		build: async (into) => {
			const { updates = [], ...mirror } = await options.findSources(request.suite);
			await buildBase(request, {
				guest,
				// Without an answer there are no packages either; whoever asks for those says so.
				sources: { ...mirror, updates },
				into,
				scratchBase: await scratchBase(),
				packageCache: path.join(path.dirname(options.directory), 'packages'),
				onProgress,
				signal,
			});
			const { packages, recommends } = request;
			await writeFile(path.join(into, 'base.json'), `${JSON.stringify({ key, packages, recommends }, null, '\t')}\n`);
		},
		onWait: () => onProgress('another process builds this base layer; waiting for it'),
		signal,
	});
}
