import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../base/package-root.js';
import type { LabNode } from '../lab/lab.js';

/** The definition of guests: the file `images/guest.json`. */
export interface GuestDefinition {
	/** Debian's suite, such as `trixie`, of nodes that name no other. */
	readonly suite: string;
	readonly components: readonly string[];
	/** Packages that make a machine boot and take its seed; everything else a recipe has to name. */
	readonly base: readonly string[];
	/** Those of `base` that only this tool needs: no machine has them, or what they depend on, for their sake. */
	readonly tool: readonly string[];
	/** Packages that most recipes name beside those. Images that have all of them share a layer with them. */
	readonly common: readonly string[];
	/** What each feature of a recipe stands for. */
	readonly features: Readonly<Record<string, readonly string[]>>;
	/** Packages of features that a suite does not have, because others of the feature bring the same there. */
	readonly absent: Readonly<Record<string, readonly string[]>>;
}

/** The directory of the guest definition and of the files that go into images. */
export const imagesDirectory = (): string => path.join(packageRoot(), 'images');

/** Where the directory has what only images of one suite need. */
const suitesDirectory = 'suites';

/** The program that customizes the images of one suite, before the program for all suites; most suites have none. */
export const suiteProgram = (suite: string): string => path.join(suitesDirectory, `${suite}.sh`);

/** Whether a file of the directory, by its path in it, has no part in images of the suite: other suites' programs, ISOs. */
export const isOfOtherImages = (file: string, suite: string): boolean =>
	file.startsWith('iso/') || (file.startsWith(`${suitesDirectory}/`) && file !== suiteProgram(suite));

/** Reads `images/guest.json`. */
export async function readGuestDefinition(): Promise<GuestDefinition> {
	return JSON.parse(await readFile(path.join(imagesDirectory(), 'guest.json'), 'utf8')) as GuestDefinition;
}

type ImageNode = Pick<LabNode, 'name' | 'features' | 'packages' | 'withoutPackages' | 'suite'>;

/** The Debian packages of a node's image, sorted and without repetition: base, features, packages. */
export function packageSet(node: Omit<ImageNode, 'name'>, guest: Omit<GuestDefinition, 'tool' | 'components'>): readonly string[] {
	const { features, packages, withoutPackages = [], suite = guest.suite } = node;
	const unwanted = new Set([...withoutPackages, ...(guest.absent[suite] ?? [])]);
	const ofFeatures = features.flatMap((feature) => (Object.hasOwn(guest.features, feature) && guest.features[feature]) || []);
	return [...new Set([...guest.base, ...ofFeatures.filter((name) => !unwanted.has(name)), ...packages])].sort();
}

/** An image that a lab needs, and the nodes that boot from it. */
export interface ImageRequest {
	/** Debian's suite. */
	readonly suite: string;
	readonly packages: readonly string[];
	readonly nodes: readonly string[];
}

/** Packages that are installed once for all images that have them. */
export interface LayerRequest {
	readonly suite: string;
	/** Sorted. */
	readonly packages: readonly string[];
}

/** The layer that an image is made on: the largest whose packages the image has. They follow from the guest definition alone. */
export function layerRequest({ suite, packages }: Pick<ImageRequest, 'suite' | 'packages'>, { base, common }: Pick<GuestDefinition, 'base' | 'common'>): LayerRequest {
	const layer = common.every((name) => packages.includes(name)) ? [...new Set([...base, ...common])] : base;
	return { suite, packages: [...layer].sort() };
}

/** One request per suite and distinct package set, in the order of the nodes. */
export function imageRequests({ nodes }: { readonly nodes: readonly ImageNode[] }, guest: GuestDefinition): readonly ImageRequest[] {
	const bySet = new Map<string, { suite: string; packages: readonly string[]; nodes: string[] }>();
	for (const node of nodes) {
		const { suite = guest.suite } = node;
		const packages = packageSet(node, guest);
		const key = [suite, ...packages].join(' ');
		const request = bySet.get(key) ?? { suite, packages, nodes: [] };
		request.nodes.push(node.name);
		bySet.set(key, request);
	}
	return [...bySet.values()];
}
