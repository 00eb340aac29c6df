/** The text of a plan as a value with places: what stands where, in which spelling, and which keys appear twice. */
import { usageFailure } from '../base/errors.js';
import { JsonSyntaxError, parseJsonText } from './json-text.js';
import { formatPath, toCamelCase, toSnakeCase } from './keys.js';
import type { Entry, SyntaxNode, SyntaxTree } from './syntax.js';
import type { PlanPath, PlanPlace } from './types.js';
import { isYaml, parseYamlText } from './yaml-text.js';

/** A key that appears twice in one object, in the same spelling or in two. */
export interface DuplicateKey extends PlanPlace {
	readonly firstLine: number;
}

/** A plan's values and their places. */
export interface PlanTree {
	/** The value as it was written. */
	readonly value: unknown;
	/** The same with every key in snake_case; of a key that appears twice, the first counts. */
	readonly normalised: unknown;
	readonly duplicates: readonly DuplicateKey[];
	/** Whether the plan writes its keys in camelCase, as far as they show it. */
	readonly isCamelCase: boolean;
	locate(path: PlanPath): PlanPlace;
	/** The line above the first line of a literal block scalar (`|`), 1-based; `undefined` for any other value. */
	lineOffset(path: PlanPath): number | undefined;
}

interface Place {
	/** The path in the plan's own spelling. */
	readonly spelled: PlanPath;
	readonly line: number;
	readonly lineOffset?: number;
}

/**
 * Parses a plan's text; a `Failure` (usage) with line and column when it is not what it should be. `file` is for
 * messages, and says by its ending whether that is JSON or YAML.
 */
export function parsePlanTree(text: string, file: string): PlanTree {
	const { root, value } = file.endsWith('.json') ? readJson(text, file) : parseYamlText(text, file);
	const walk = new TreeWalk();
	const normalised = walk.visit(root, [], [], root.line);
	return {
		value,
		normalised,
		duplicates: walk.duplicates,
		isCamelCase: walk.isCamelCase,
		locate: (path) => walk.locate(path),
		lineOffset: (path) => walk.places.get(formatPath(path))?.lineOffset,
	};
}

function readJson(text: string, file: string): SyntaxTree {
	try {
		return parseJsonText(text);
	} catch (error) {
		if (!(error instanceof JsonSyntaxError)) throw error;
		const { line, column, message } = error;
		// A comment or a trailing comma is good YAML, but whatever else reads a `.json` plan would stumble over it.
		const [what, hint] = isYaml(text)
			? ['this is YAML but not JSON: ', 'write plain JSON, or give the plan a name that ends in .yaml']
			: ['', 'fix the JSON there'];
		throw usageFailure(`${file}:${line}:${column}: ${what}${message}`, { hint, cause: error });
	}
}

/** One pass over the values, which fills `places` and `duplicates`. */
class TreeWalk {
	readonly places = new Map<string, Place>();
	readonly duplicates: DuplicateKey[] = [];
	#camelCaseKeys = 0;
	#snakeCaseKeys = 0;

	get isCamelCase(): boolean {
		return this.#camelCaseKeys > this.#snakeCaseKeys;
	}

	/** The value of `node` with keys in snake_case. The place of a value that has a key is the line of its key. */
	visit(node: SyntaxNode, path: PlanPath, spelled: PlanPath, line: number): unknown {
		const offset = node.kind === 'scalar' ? node.lineOffset : undefined;
		this.places.set(formatPath(path), { spelled, line, ...(offset === undefined ? {} : { lineOffset: offset }) });
		switch (node.kind) {
			case 'mapping':
				return this.#visitEntries(node.entries, path, spelled);
			case 'list':
				return node.items.map((item, index) => this.visit(item, [...path, index], [...spelled, index], item.line));
			case 'scalar':
				return node.value;
		}
	}

	#visitEntries(entries: readonly Entry[], path: PlanPath, spelled: PlanPath): Record<string, unknown> {
		const object: Record<string, unknown> = {};
		for (const { key, line, value } of entries) {
			const name = toSnakeCase(key);
			if (name !== key) this.#camelCaseKeys++;
			else if (key.includes('_')) this.#snakeCaseKeys++;
			const inner = [...path, name];
			const first = this.places.get(formatPath(inner));
			if (first) {
				this.duplicates.push({ path: formatPath([...spelled, key]), line, firstLine: first.line });
				continue;
			}
			// Defined, not assigned: a key named __proto__ is a key like any other.
			Object.defineProperty(object, name, {
				value: this.visit(value, inner, [...spelled, key], line),
				enumerable: true,
				writable: true,
				configurable: true,
			});
		}
		return object;
	}

	locate(path: PlanPath): PlanPlace {
		for (let length = path.length; length >= 0; length--) {
			const place = this.places.get(formatPath(path.slice(0, length)));
			if (!place) continue;
			const missing = path.slice(length).map((key) => (this.isCamelCase && typeof key === 'string' ? toCamelCase(key) : key));
			return { path: formatPath([...place.spelled, ...missing]), line: place.line };
		}
		return { path: formatPath(path) };
	}
}
