import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../base/package-root.js';
import { imageRequests, type GuestDefinition, type ImageRequest } from '../image/guest.js';
import type { LabNode } from '../lab/lab.js';

/** What every ISO is made of, whatever the recipe: the file `images/iso/definition.json`. */
export interface IsoDefinition {
	/** Packages that make a medium boot; those of recipe and features come on top. */
	readonly base: readonly string[];
	/** The package of each kernel that `--kernel` offers. */
	readonly kernels: Readonly<Record<Kernel, string>>;
}

/** `cloud` is small and knows what virtual machines have; `generic` knows real computers. */
export type Kernel = 'cloud' | 'generic';

/** The directory of the definition and of the script that customizes a base layer. */
export const isoDirectory = (): string => path.join(packageRoot(), 'images', 'iso');

/** Reads `images/iso/definition.json`. */
export async function readIsoDefinition(): Promise<IsoDefinition> {
	return JSON.parse(await readFile(path.join(isoDirectory(), 'definition.json'), 'utf8')) as IsoDefinition;
}

/** A base layer that nodes share: the packages, and how they are chosen. */
export interface BaseRequest extends ImageRequest {
	/** Whether packages come with what Debian recommends beside them. */
	readonly recommends: boolean;
	/** The text of a `dpkg-manifest` with the one version of each package that will do. */
	readonly pin?: string | undefined;
}

export interface BaseOptions {
	readonly kernel: Kernel;
	readonly recommends: boolean;
	/** The manifest that a node is pinned to, if any. */
	readonly pinOf: (node: string) => string | undefined;
}

/** One request per distinct base layer, in the order of the nodes. */
export function baseRequests(
	nodes: readonly LabNode[],
	guest: GuestDefinition,
	definition: IsoDefinition,
	{ kernel, recommends, pinOf }: BaseOptions,
): readonly BaseRequest[] {
	const withIsoBase = { ...guest, base: [...definition.base, definition.kernels[kernel]] };
	const pins = [...new Set(nodes.map(({ name }) => pinOf(name)))];
	return pins.flatMap((pin) =>
		imageRequests({ nodes: nodes.filter(({ name }) => pinOf(name) === pin) }, withIsoBase).map((request) => ({
			...request,
			recommends,
			pin,
		})),
	);
}
