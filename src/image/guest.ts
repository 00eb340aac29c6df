import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../base/package-root.js';
import type { Lab, LabNode } from '../lab/lab.js';

/** What guests are made of: the file `images/guest.json`. */
export interface GuestDefinition {
	/** Debian's suite, such as `trixie`. */
	readonly suite: string;
	readonly components: readonly string[];
	/** Packages that make a machine boot and take its seed; everything else a recipe has to name. */
	readonly base: readonly string[];
	/** What each feature of a recipe stands for. */
	readonly features: Readonly<Record<string, readonly string[]>>;
}

/** The directory of the guest definition and of the files that go into images. */
export const imagesDirectory = (): string => path.join(packageRoot(), 'images');

/** Reads `images/guest.json`. */
export async function readGuestDefinition(): Promise<GuestDefinition> {
	return JSON.parse(await readFile(path.join(imagesDirectory(), 'guest.json'), 'utf8')) as GuestDefinition;
}

/** The Debian packages of a node's image, sorted and without repetition: base, features, packages. */
export function packageSet(node: Pick<LabNode, 'features' | 'packages'>, guest: GuestDefinition): readonly string[] {
	const ofFeatures = node.features.flatMap((feature) => guest.features[feature] ?? []);
	return [...new Set([...guest.base, ...ofFeatures, ...node.packages])].sort();
}

/** An image that a lab needs, and the nodes that boot from it. */
export interface ImageRequest {
	readonly packages: readonly string[];
	readonly nodes: readonly string[];
}

/** One request per distinct package set, in the order of the nodes. */
export function imageRequests(lab: Pick<Lab, 'nodes'>, guest: GuestDefinition): readonly ImageRequest[] {
	const bySet = new Map<string, { packages: readonly string[]; nodes: string[] }>();
	for (const node of lab.nodes) {
		const packages = packageSet(node, guest);
		const key = packages.join(' ');
		const request = bySet.get(key) ?? { packages, nodes: [] };
		request.nodes.push(node.name);
		bySet.set(key, request);
	}
	return [...bySet.values()];
}
