/** The base images that OpenFactory builds from, and which of them can be rehearsed. */
import { closest } from './keys.js';

/** Debian's suite for each base image that images are built of. */
const suites: Readonly<Record<string, string>> = { 'debian-trixie': 'trixie', 'debian-bookworm': 'bookworm' };

/** The base images that can be rehearsed. */
export const baseImages = Object.keys(suites);

/** The suite of a base image; undefined for one that cannot be rehearsed. */
export const suiteOf = (baseImage: string): string | undefined => (Object.hasOwn(suites, baseImage) ? suites[baseImage] : undefined);

/** Other families of base images, by how their names begin: OpenFactory builds them. */
const others = ['ubuntu', 'fedora', 'opensuse', 'proxmox', 'elster-os'];

/** The base image that a misspelt name means; undefined for what is another one's name. */
export function meantBaseImage(written: string): string | undefined {
	// Of the suite's name alone: half of the letters are those of every name.
	const suite = closest(/^(?:debian[-_: ]?)?(.*)$/i.exec(written.trim().toLowerCase())?.[1] ?? '', Object.values(suites));
	return baseImages.find((name) => suites[name] === suite);
}

/** Why a base image cannot be rehearsed, in a sentence. */
export const whyNotBuilt = (baseImage: string): string =>
	meantBaseImage(baseImage) === undefined && others.some((family) => baseImage.startsWith(family))
		? `OpenFactory builds "${baseImage}", a rehearsal does not`
		: `"${baseImage}" cannot be rehearsed`;
