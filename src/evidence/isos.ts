/** The ISOs of a lab in an export: of each its digest and what lies beside it, as `rehearse iso` writes it; not the ISO itself. */
import { scriptsHash } from '../lab/script-bytes.js';
import type { RunState } from '../outcome/state.js';
import { recipeHash, recipesOf } from '../plan/recipe-hash.js';
import { fileNames } from '../plan/resolve.js';
import type { PlanSource } from '../plan/types.js';
import type { ExportedFile } from './layout.js';
import type { Subject } from './statement.js';

/** The names of the files of a node's ISO, in a directory that has the node's name. */
export const isoNames = (node: string) =>
	({ iso: `${node}.iso`, sum: `${node}.iso.sha256`, recipe: 'recipe_hash', scripts: 'scripts_hash', others: ['dpkg-manifest', 'squashfs-hashes.sha256'] }) as const;

/** Where an export has a file of a node's ISO. */
export const isoPath = (node: string, name: string): string => `isos/${node}/${name}`;

/** What the ISO of a node has to be made of, for a statement on it. */
export interface WantedIso {
	readonly node: string;
	/** The hash of its recipe. */
	readonly recipe: string;
	/** The hash of its startup scripts, of which the recipe may have the names of files only. */
	readonly scripts: string;
	/** SHA-256 of the ISO that was rehearsed; absent where the node booted an image. */
	readonly booted?: string;
}

/** What the ISO of each node of a plan has to be, after a run of it; a run whose events cannot be read has booted nothing. */
export const wantedIsos = ({ value, document, scripts }: PlanSource, state: Pick<RunState, 'nodes'> | undefined): readonly WantedIso[] =>
	recipesOf(value).flatMap((recipe, index): readonly WantedIso[] => {
		const node = document?.nodes[index]?.name;
		if (node === undefined) return [];
		const own = scripts.filter(({ nodeIndex }) => nodeIndex === index).toSorted((one, other) => one.scriptIndex - other.scriptIndex);
		const names = fileNames(own.map(({ name }) => name));
		const origin = state?.nodes.find(({ name }) => name === node)?.origin;
		return [
			{
				node,
				recipe: recipeHash(recipe),
				scripts: scriptsHash(own.map(({ name, text, bytes }, place) => ({ name: names[place] ?? name, text, ...(bytes === undefined ? {} : { bytes }) }))),
				...(origin?.from === 'iso' ? { booted: origin.sha256 } : {}),
			},
		];
	});

/**
 * Reads the digest of `file` from a list of one file, as sha256sum(1) writes it; nothing where the list has another
 * file.
 */
export function digestIn(sum: string, file: string): string | undefined {
	const [, digest, name] = /^([0-9a-f]{64})  (.+)\n$/.exec(sum) ?? [];
	return name === file ? digest : undefined;
}

/** A file of a node's ISO in an export. */
const ofIso = /^isos\/([^/]+)\/([^/]+)$/;

/** The subjects of a statement for the ISOs among some files, in the order of their paths. */
export const isoSubjects = (files: readonly ExportedFile[]): readonly Subject[] =>
	files.toSorted((one, other) => (one.path < other.path ? -1 : 1)).flatMap(({ path, contents }) => {
		const [, node = '', name] = ofIso.exec(path) ?? [];
		const { iso, sum } = isoNames(node);
		const digest = name === sum ? digestIn(Buffer.from(contents).toString('latin1'), iso) : undefined;
		return digest === undefined ? [] : [{ name: iso, digest: { sha256: digest } }];
	});

/**
 * What is wrong with the ISOs among the files of an export: one without a digest, one of another recipe or of other startup
 * scripts, one that is not what the run booted.
 */
export function isoProblems(files: ReadonlyMap<string, Uint8Array>, plan: PlanSource, state: RunState | undefined): readonly { readonly file: string; readonly problem: string }[] {
	const text = (file: string): string => Buffer.from(files.get(file) ?? []).toString('latin1');
	const wanted = new Map(wantedIsos(plan, state).map((one) => [one.node, one]));
	const nodes = [...new Set([...files.keys()].flatMap((file) => ofIso.exec(file)?.[1] ?? []))];
	return nodes.flatMap((node) => {
		const names = isoNames(node);
		const [sum, recipe, scripts] = [isoPath(node, names.sum), isoPath(node, names.recipe), isoPath(node, names.scripts)];
		const { recipe: ofRecipe, scripts: ofScripts, booted } = wanted.get(node) ?? {};
		const digest = digestIn(text(sum), names.iso);
		return [
			...(digest === undefined ? [{ file: sum, problem: `it has no digest of ${names.iso}` }] : []),
			...(digest !== undefined && booted !== undefined && digest !== booted ? [{ file: sum, problem: `its digest is not that of the ISO that ${node} booted in the run` }] : []),
			...(text(recipe) === `${ofRecipe}\n` ? [] : [{ file: recipe, problem: `it is not the hash of the recipe that the plan has for ${node}` }]),
			...(!files.has(scripts)
				? [{ file: scripts, problem: `it is missing, so that nothing shows which startup scripts ${names.iso} has` }]
				: text(scripts) === `${ofScripts}\n`
					? []
					: [{ file: scripts, problem: `it is not the hash of the startup scripts that the plan has for ${node}` }]),
		];
	});
}
