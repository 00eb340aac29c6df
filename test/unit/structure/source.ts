/** The source tree as the structure tests see it: each file with its imports and exports, read by TypeScript's rules. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, resolve } from 'node:path';

/** AVA runs tests with the repository's root as the working directory. */
export const root = resolve('.');

export interface SourceFile {
	/** From the repository's root: `src/base/errors.ts`. */
	readonly path: string;
	/** The first folder under `src`, such as `base`. */
	readonly folder: string;
	readonly text: string;
	/** Paths of the source files that it imports, types and lazy imports included. */
	readonly files: readonly string[];
	/** npm packages that it imports, by name. */
	readonly packages: readonly string[];
}

/** Every way in which a module names another: import, export from, a lazy or type import, and createRequire's function. */
const specifiers = [
	/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*'([^']+)'/gm,
	/^\s*import\s*'([^']+)'/gm,
	/\bimport\(\s*'([^']+)'\s*\)/g,
	/\bcreateRequire\([^)]*\)\(\s*'([^']+)'\s*\)/g,
];

/** All modules that a text names, in no order. */
export const importsOf = (text: string): string[] =>
	specifiers.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier]) => specifier ?? ''));

/** `@scope/name` and `name`, without what follows. */
const packageName = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/** A file's text as a source file; `path` is from the repository's root. */
export function parseSource(path: string, text: string): SourceFile {
	const imports = importsOf(text);
	const isRelative = (specifier: string): boolean => specifier.startsWith('.');
	return {
		path,
		folder: path.split('/')[1] ?? '',
		text,
		files: imports.filter(isRelative).map((specifier) => sourceOf(normalize(join(dirname(path), specifier)))),
		packages: imports.filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:')).map(packageName),
	};
}

/** The source of a compiled file: TypeScript, with markup in it or without. */
function sourceOf(compiled: string): string {
	const markup = compiled.replace(/\.js$/, '.tsx');
	return existsSync(join(root, markup)) ? markup : compiled.replace(/\.js$/, '.ts');
}

/** Every TypeScript file below a folder of the repository. */
export const readSources = (folder: string): SourceFile[] =>
	readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
		.map((entry) => relative(root, join(entry.parentPath, entry.name)))
		.sort()
		.map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));

/**
 * The exported values of a text that have no doc comment of their own, by the line that declares them. Types are left
 * out: what a shape called `RunOptions` is, its members show.
 */
export function undocumentedExports(text: string): string[] {
	const lines = text.split('\n');
	return lines.filter((line, index) => {
		const isValue = /^export (?:default |async |abstract )*(?:function|class|const)\b/.test(line);
		return isValue && !lines[index - 1]?.trimEnd().endsWith('*/');
	});
}

/** A ring of files that import each other, as the path around it; undefined when there is none. */
export function findCycle(sources: readonly Pick<SourceFile, 'path' | 'files'>[]): string[] | undefined {
	const byPath = new Map(sources.map((source) => [source.path, source.files]));
	const done = new Set<string>();
	const visit = (path: string, trail: readonly string[]): string[] | undefined => {
		if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
		if (done.has(path)) return undefined;
		for (const next of byPath.get(path) ?? []) {
			const cycle = visit(next, [...trail, path]);
			if (cycle) return cycle;
		}
		done.add(path);
		return undefined;
	};
	for (const path of byPath.keys()) {
		const cycle = visit(path, []);
		if (cycle) return cycle;
	}
	return undefined;
}
