/** The ISOs of a lab in an export: of each its digest and what lies beside it, as `rehearse iso` writes it; not the ISO itself. */
import { recipeHash, recipesOf } from '../plan/recipe-hash.js';
import type { PlanSource } from '../plan/types.js';
import type { ExportedFile } from './layout.js';
import type { Subject } from './statement.js';

/** The names of the files of a node's ISO, in a directory that has the node's name. */
export const isoNames = (node: string) =>
	({ iso: `${node}.iso`, sum: `${node}.iso.sha256`, recipe: 'recipe_hash', others: ['dpkg-manifest', 'squashfs-hashes.sha256'] }) as const;

/** Where an export has a file of a node's ISO. */
export const isoPath = (node: string, name: string): string => `isos/${node}/${name}`;

/** One hash for the recipe of each node of a plan. */
export const recipeHashes = ({ value, document }: PlanSource): ReadonlyMap<string, string> =>
	new Map(recipesOf(value).flatMap((recipe, index) => (document?.nodes[index] ? [[document.nodes[index].name, recipeHash(recipe)]] : [])));

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

/** What is wrong with the ISOs among the files of an export: one without a digest, one of another recipe. */
export function isoProblems(files: ReadonlyMap<string, Uint8Array>, plan: PlanSource): readonly { readonly file: string; readonly problem: string }[] {
	const text = (file: string): string => Buffer.from(files.get(file) ?? []).toString('latin1');
	const hashes = recipeHashes(plan);
	const nodes = [...new Set([...files.keys()].flatMap((file) => ofIso.exec(file)?.[1] ?? []))];
	return nodes.flatMap((node) => {
		const names = isoNames(node);
		const [sum, recipe] = [isoPath(node, names.sum), isoPath(node, names.recipe)];
		return [
			...(digestIn(text(sum), names.iso) === undefined ? [{ file: sum, problem: `it has no digest of ${names.iso}` }] : []),
			...(text(recipe) === `${hashes.get(node)}\n` ? [] : [{ file: recipe, problem: `it is not the hash of the recipe that the plan has for ${node}` }]),
		];
	});
}
