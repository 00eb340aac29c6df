/**
 * Which packages of an image are there only because this tool needs them: what a startup script takes from them is missing
 * where the tool is not.
 */
import { packageSet, type GuestDefinition } from './guest.js';
import type { LabNode } from '../lab/lab.js';

/** A package of an image. */
interface Package {
	/** In the order of its dependencies, each the names of which one is enough. */
	readonly needs: readonly (readonly string[])[];
	readonly provides: readonly string[];
	/** Every system of Debian has it: essential, or of the priority `required`. */
	readonly isEverywhere: boolean;
}

/** What is in an image, as its `contents.txt` has it. */
export interface ImageContents {
	readonly packages: ReadonlyMap<string, Package>;
	/** The package of each program, by the program's name; names of alternatives are among them. */
	readonly programs: ReadonlyMap<string, string>;
	/** The package of each module that Python finds by this name. */
	readonly modules: ReadonlyMap<string, string>;
}

/** What only this tool brought into an image: the package, by the name of the program or of the Python module. */
export type BroughtByTool = Pick<ImageContents, 'programs' | 'modules'>;

/** The names in a field of dpkg such as `a (>= 2), b:any | c` (deb-control(5)). */
const namesIn = (field: string): readonly (readonly string[])[] =>
	field
		.split(',')
		.map((alternatives) => alternatives.split('|').map((name) => name.trim().replace(/[ :(].*$/, '')).filter((name) => name !== ''))
		.filter((alternatives) => alternatives.length > 0);

/**
 * Reads `contents.txt`, whose lines are
 * `package NAME ESSENTIAL PRIORITY DEPENDENCIES PROVIDES`, `file PACKAGE PATH` and `alternative NAME PATH`, with tabs.
 */
export function parseContents(text: string): ImageContents {
	const packages = new Map<string, Package>();
	const programs = new Map<string, string>();
	const modules = new Map<string, string>();
	for (const line of text.split('\n')) {
		const [kind, first = '', second = '', third = '', needs = '', provides = ''] = line.split('\t');
		if (kind === 'package') {
			const isEverywhere = second === 'yes' || third === 'required' || first === 'apt';
			packages.set(first, { needs: namesIn(needs), provides: namesIn(provides).flat(), isEverywhere });
		} else if (kind === 'file') {
			const module = /\/dist-packages\/([^/.]+)/.exec(second)?.[1];
			if (module === undefined) programs.set(baseName(second), first);
			else modules.set(module, first);
		} else if (kind === 'alternative') {
			const owner = programs.get(baseName(second));
			if (owner !== undefined && !programs.has(first)) programs.set(first, owner);
		}
	}
	return { packages, programs, modules };
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What a node's image has only for this tool's sake. */
export function broughtByTool(
	contents: ImageContents,
	node: Pick<LabNode, 'features' | 'packages' | 'withoutPackages' | 'suite'>,
	guest: GuestDefinition,
): BroughtByTool {
	const { packages } = contents;
	const everywhere = [...packages].filter(([, { isEverywhere }]) => isEverywhere).map(([name]) => name);
	const base = guest.base.filter((name) => !guest.tool.includes(name));
	const wanted = withDependencies([...everywhere, ...packageSet(node, { ...guest, base })], packages);
	const only = (all: ReadonlyMap<string, string>) => new Map([...all].filter(([, owner]) => packages.has(owner) && !wanted.has(owner)));
	return { programs: only(contents.programs), modules: only(contents.modules) };
}

/** The packages, and all that they need. Of alternatives that are there each counts: which was meant is unknown. */
function withDependencies(names: readonly string[], packages: ReadonlyMap<string, Package>): ReadonlySet<string> {
	const providers = new Map<string, string[]>();
	for (const [name, { provides }] of packages) {
		for (const provided of provides) providers.set(provided, [...(providers.get(provided) ?? []), name]);
	}
	const found = new Set<string>();
	const open = [...names];
	for (let name = open.pop(); name !== undefined; name = open.pop()) {
		for (const one of [name, ...(providers.get(name) ?? [])]) {
			const known = packages.get(one);
			if (!known || found.has(one)) continue;
			found.add(one);
			open.push(...known.needs.flat());
		}
	}
	return found;
}
