/** What `image` prints: a table for people, one object for programs. */
import { formatBytes } from '../base/format.js';
import { layOutColumns, painter, type Cell } from './text.js';

/** An image of a lab, built or not. */
export interface ShownImage {
	readonly key: string;
	/** Where it is, or will be. */
	readonly directory: string;
	/** The nodes that boot from it. */
	readonly nodes: readonly string[];
	/** The packages that are asked for. */
	readonly packages: readonly string[];
	readonly built: boolean;
	/** The suites of the archive that it was built from, such as `trixie`, `trixie-security`; empty when it is not built. */
	readonly suites: readonly string[];
	/** How many packages are in it, those that others depend on included; 0 when it is not built. */
	readonly installed: number;
	/** What it occupies on the disk, in bytes; 0 when it is not built. */
	readonly bytes: number;
}

/** A row for each image below a row of headings; ends with a newline. */
export function renderImages(images: readonly ShownImage[], options: { readonly color: boolean }): string {
	const headings = ['image', 'nodes', 'packages', 'on disk', ''].map((text): Cell => ({ text, style: 'dim' }));
	const rows = images.map((image): Cell[] => [
		{ text: image.key },
		{ text: image.nodes.join(', ') },
		{ text: image.built ? `${image.packages.length} named, ${image.installed} installed` : `${image.packages.length} named` },
		{ text: image.built ? formatBytes(image.bytes) : '' },
		image.built ? { text: 'built', style: 'green' } : { text: 'not built', style: 'yellow' },
	]);
	return `${layOutColumns([headings, ...rows], painter(options.color)).join('\n')}\n`;
}

/** The same for programs. */
export const imagesObject = (lab: string, images: readonly ShownImage[]) => ({
	schema: 1,
	lab,
	images: images.map(({ key, directory, nodes, packages, built, suites, installed, bytes }) => ({
		key,
		directory,
		nodes,
		built,
		...(built ? { bytes, installed, suites } : {}),
		packages,
	})),
});
