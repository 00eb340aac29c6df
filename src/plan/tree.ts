/** The text of a plan as a value with places: what is where, in which spelling, and which keys appear twice. */
import { usageFailure } from '../base/errors.js';
import { oneLine } from '../base/format.js';
import { maximumNodes } from '../lab/addressing.js';
import { formAt, isRecipeAlone, loneNode, type Form } from './forms.js';
import { JsonSyntaxError, parseJsonText } from './json-text.js';
import { formatPath, toCamelCase, toLabel, toSnakeCase } from './keys.js';
import { maximumItems, TooDeepError, type Entry, type MappingNode, type SyntaxNode, type SyntaxTree } from './syntax.js';
import type { PlanPath, PlanPlace } from './types.js';
import { isYaml, parseYamlText } from './yaml-text.js';

/** A key that appears twice in one object: in one spelling, in two, or in two of the places that it may have. */
export interface DuplicateKey extends PlanPlace {
	readonly first: PlanPlace;
}

/** A plan's values and their places. */
export interface PlanTree {
	/** The value as it was written. */
	readonly value: unknown;
	/** The same as the schema has it (./forms); of a key that appears twice, the first counts. */
	readonly normalised: unknown;
	readonly duplicates: readonly DuplicateKey[];
	/** Lists and objects of which the rest is not looked at, with how many they have. */
	readonly tooLong: readonly (PlanPlace & { readonly count: number })[];
	/** Whether the plan writes its keys in camelCase, as far as they show it. */
	readonly isCamelCase: boolean;
	locate(path: PlanPath): PlanPlace;
	/** The line above the first line of a literal block scalar (`|`), 1-based; `undefined` for any other value. */
	lineOffset(path: PlanPath): number | undefined;
	/** Whether a value is a folded block scalar (`>`) of which lines became one. */
	isFolded(path: PlanPath): boolean;
}

/**
 * Whether a value is a text that an assertion compares with, whatever it looks like: `version: 1.10` is not `1.1`, which the
 * number would be, nor is `mode: 0x1a4` the mode 0420.
 */
const isExpectedText = (path: PlanPath): boolean =>
	expectedTexts.has(path.at(-1)) && (path.at(-3) === 'assertions' || (path.at(-2) === 'params' && path.at(-4) === 'assertions'));

const expectedTexts = new Set<unknown>(['expected', 'expected_output', 'contains', 'equals', 'matches', 'version', 'mode']);

interface Place {
	/** The path in the plan's own spelling. */
	readonly spelled: PlanPath;
	readonly line: number;
	readonly lineOffset?: number;
	readonly isFolded?: boolean;
}

/**
 * Parses a plan's text; a `Failure` (usage) with line and column when it is not what it should be. `file` is for
 * messages, and its ending decides whether that is JSON or YAML.
 */
export function parsePlanTree(text: string, file: string): PlanTree {
	const { root, value } = readSyntax(text, file);
	const walk = new TreeWalk();
	const normalised = isLoneRecipe(root) ? loneRecipe(walk, root) : walk.visit(root, [], [], root.line);
	return {
		value,
		normalised,
		duplicates: walk.duplicates,
		tooLong: walk.tooLong,
		isCamelCase: walk.isCamelCase,
		locate: (path) => walk.locate(path),
		isFolded: (path) => walk.places.get(keyOf(path))?.isFolded === true,
		lineOffset: (path) => walk.places.get(keyOf(path))?.lineOffset,
	};
}

function readSyntax(text: string, file: string): SyntaxTree {
	try {
		return file.endsWith('.json') ? readJson(text, file) : parseYamlText(text, file);
	} catch (error) {
		// The parsers descend by calling themselves.
		if (!(error instanceof TooDeepError) && !(error instanceof RangeError)) throw error;
		throw usageFailure(`${file}: objects and lists are too deep within each other`, { hint: 'a plan needs a dozen levels', cause: error });
	}
}

function readJson(text: string, file: string): SyntaxTree {
	try {
		return parseJsonText(text);
	} catch (error) {
		if (!(error instanceof JsonSyntaxError)) throw error;
		// Nothing is good YAML.
		if (text.trim() === '') throw usageFailure(`${file}: the file is empty`, { hint: 'write a plan; `rehearse init` writes one to begin with', cause: error });
		const { line, column, message } = error;
		// A comment or a trailing comma is good YAML, but whatever else reads a `.json` plan would stumble over it.
		const [what, hint] = isYaml(text)
			? ['this is YAML but not JSON: ', 'write plain JSON, or give the plan a name that ends in .yaml']
			: ['', 'fix the JSON there'];
		throw usageFailure(`${file}:${line}:${column}: ${what}${message}`, { hint, cause: error });
	}
}

/** The lines of a text in the place of a list: a file of public keys has one a line, with comments and an end. */
function linesOf(text: string): readonly string[] {
	const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
	return lines.length === 0 ? [text] : lines;
}

/** Keys at the root that carry anchors for the rest, as in files of Compose (`x-base`) and GitLab (`.base`). */
const isCarrier = (key: string): boolean => key.startsWith('x-') || key.startsWith('.');

const isLoneRecipe = (root: SyntaxNode): root is MappingNode =>
	root.kind === 'mapping' && isRecipeAlone(root.entries.map(({ key }) => toSnakeCase(key)));

/** A plan of one node, named after the recipe, around a recipe that stands by itself. */
function loneRecipe(walk: TreeWalk, root: MappingNode): unknown {
	walk.places.set(keyOf([]), { spelled: [], line: root.line });
	const recipe = walk.visit(root, ['nodes', 0, 'recipe'], [], root.line) as { readonly name?: unknown };
	const name = toLabel(typeof recipe.name === 'string' ? recipe.name : '') || 'recipe';
	for (const path of [['name'], ['nodes', 0, 'name']]) walk.alias(path, ['nodes', 0, 'recipe', 'name']);
	return { name, nodes: [{ name, ...loneNode, recipe }] };
}

/** A path as the key of its place. As a person reads it, `a.b` may be one key or two. */
const keyOf = (path: PlanPath): string => JSON.stringify(path);

/** One pass over the values, which fills `places` and `duplicates`. */
class TreeWalk {
	readonly places = new Map<string, Place>();
	readonly duplicates: DuplicateKey[] = [];
	readonly tooLong: (PlanPlace & { readonly count: number })[] = [];
	#camelCaseKeys = 0;
	#snakeCaseKeys = 0;

	get isCamelCase(): boolean {
		return this.#camelCaseKeys > this.#snakeCaseKeys;
	}

	/** The value of `node` as the schema has it. The place of a value that has a key is the line of its key. */
	visit(node: SyntaxNode, path: PlanPath, spelled: PlanPath, line: number): unknown {
		const offset = node.kind === 'scalar' ? node.lineOffset : undefined;
		this.places.set(keyOf(path), { spelled, line, ...(offset === undefined ? {} : { lineOffset: offset }), ...(node.kind === 'scalar' && node.isFolded ? { isFolded: true } : {}) });
		switch (node.kind) {
			case 'mapping': {
				const object: Record<string, unknown> = {};
				this.#visitEntries(node.entries, path, spelled, object);
				return object;
			}
			case 'list': {
				const { itemKey } = formAt(path);
				return this.#bounded(node.items, path, spelled, line).map((item, index) => this.#visitItem(item, [...path, index], [...spelled, index], itemKey));
			}
			case 'scalar':
				return node.source !== undefined && isExpectedText(path) ? node.source : node.value;
		}
	}

	/** As many as are looked at; a plan for a fleet is not looked at node by node. */
	#bounded<T>(all: readonly T[], path: PlanPath, spelled: PlanPath, line: number): readonly T[] {
		const most = path.length === 1 && path[0] === 'nodes' ? maximumNodes : maximumItems;
		if (all.length <= most) return all;
		this.tooLong.push({ path: oneLine(formatPath(spelled)), line, count: all.length });
		return all.slice(0, most);
	}

	/** Gives what has no place of its own the place of another thing. */
	alias(path: PlanPath, target: PlanPath): void {
		const place = this.places.get(keyOf(target));
		if (place) this.places.set(keyOf(path), place);
	}

	#visitItem(item: SyntaxNode, path: PlanPath, spelled: PlanPath, itemKey: string | undefined): unknown {
		if (itemKey === undefined || item.kind !== 'scalar') return this.visit(item, path, spelled, item.line);
		this.places.set(keyOf(path), { spelled, line: item.line });
		return { [itemKey]: this.visit(item, [...path, itemKey], spelled, item.line) };
	}

	#visitEntries(entries: readonly Entry[], path: PlanPath, spelled: PlanPath, object: Record<string, unknown>): void {
		const form = formAt(path);
		for (const { key, line, value } of this.#bounded(entries, path, spelled, entries[0]?.line ?? 1)) {
			if (spelled.length === 0 && isCarrier(key)) continue;
			const written = toSnakeCase(key);
			if (written !== key) this.#camelCaseKeys++;
			else if (key.includes('_')) this.#snakeCaseKeys++;
			const name = (Object.hasOwn(form.renamed ?? {}, written) && form.renamed?.[written]) || written;
			const inner = [...path, name];
			const first = this.places.get(keyOf(inner));
			if (first) {
				this.duplicates.push({ path: formatPath([...spelled, key]), line, first: { path: formatPath(first.spelled), line: first.line } });
				continue;
			}
			if (form.lifted?.includes(written) && value.kind === 'mapping') {
				this.places.set(keyOf(inner), { spelled: [...spelled, key], line });
				this.#visitEntries(value.entries, path, [...spelled, key], object);
				continue;
			}
			// Defined, not assigned: a key named __proto__ is a key like any other.
			Object.defineProperty(object, name, {
				value: this.#visitValue(form, written, name, value, inner, [...spelled, key], line),
				enumerable: true,
				writable: true,
				configurable: true,
			});
		}
	}

	#visitValue(form: Form, written: string, name: string, node: SyntaxNode, path: PlanPath, spelled: PlanPath, line: number): unknown {
		const value = this.visit(node, path, spelled, line);
		if (node.kind !== 'scalar') return value;
		if (form.gigabytes?.includes(written) && /^\d+(?:\.\d+)?$/.test(String(value))) return `${String(value)} GB`;
		if (!form.lists?.includes(name) || typeof value !== 'string') return value;
		const lines = linesOf(value);
		lines.forEach((_line, index) => this.alias([...path, index], path));
		return lines;
	}

	locate(path: PlanPath): PlanPlace {
		for (let length = path.length; length >= 0; length--) {
			const place = this.places.get(keyOf(path.slice(0, length)));
			if (!place) continue;
			const missing = path.slice(length).map((key) => (this.isCamelCase && typeof key === 'string' ? toCamelCase(key) : key));
			return { path: oneLine(formatPath([...place.spelled, ...missing])), line: place.line };
		}
		return { path: oneLine(formatPath(path)) };
	}
}
