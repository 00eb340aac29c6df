/**
 * The text of a plan as a value with places: what stands where, in which spelling, and which keys stand twice.
 *
 * YAML's parser reads JSON too, and it keeps positions; both kinds of plan therefore go the same way.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair } from 'yaml';
import { usageFailure } from '../base/errors.js';
import { formatPath, toSnakeCase } from './keys.js';
import type { PlanPath, PlanPlace } from './types.js';

/** A key that stands twice in one object, in the same spelling or in two. */
export interface DuplicateKey extends PlanPlace {
	readonly firstLine: number;
}

export interface PlanTree {
	/** The value as it was written. */
	readonly value: unknown;
	/** The same with every key in snake_case; of a key that stands twice, the first counts. */
	readonly normalised: unknown;
	readonly duplicates: readonly DuplicateKey[];
	locate(path: PlanPath): PlanPlace;
	/** The line above the first line of a literal block scalar (`|`), 1-based; `undefined` for any other value. */
	lineOffset(path: PlanPath): number | undefined;
}

const NO_ALIASES = 'write the plan without YAML aliases (*name)';

interface Place {
	/** The path in the plan's own spelling. */
	readonly spelled: PlanPath;
	readonly line: number;
	readonly lineOffset?: number;
}

/**
 * Parses a plan's text; a `Failure` (usage) with line and column when it is neither JSON nor YAML. `file` is for
 * messages, and says by its ending which of the two it is.
 */
export function parsePlanTree(text: string, file: string): PlanTree {
	const lines = new LineCounter();
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
	const error = document.errors[0];
	if (error) {
		const { line, col } = lines.linePos(error.pos[0]);
		const message = error.code === 'MULTIPLE_DOCS' ? 'a second document begins here' : firstLowerCase(error.message);
		throw usageFailure(`${file}:${line}:${col}: ${message}`, {
			hint: `mend the ${file.endsWith('.json') ? 'JSON' : 'YAML'} there`,
			cause: error,
		});
	}
	if (file.endsWith('.json')) refuseYamlInJson(text, file, lines);
	const value = toValue(document, file);
	const walk = new TreeWalk(document, lines);
	const normalised = walk.visit(document.contents, [], [], { isKeyed: false, line: 1 });
	return {
		value,
		normalised,
		duplicates: walk.duplicates,
		locate: (path) => walk.locate(path),
		lineOffset: (path) => walk.places.get(formatPath(path))?.lineOffset,
	};
}

/** Plain values; the parser refuses aliases (`*name`) without an anchor and those that would swell without end. */
function toValue(document: Document, file: string): unknown {
	try {
		return document.toJS() as unknown;
	} catch (error) {
		throw usageFailure(`${file}: ${firstLowerCase(error instanceof Error ? error.message : String(error))}`, {
			hint: NO_ALIASES,
			cause: error,
		});
	}
}

/** A comment or a trailing comma is good YAML, but whatever else reads a `.json` plan would stumble over it. */
function refuseYamlInJson(text: string, file: string, lines: LineCounter): void {
	try {
		JSON.parse(text);
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		const position = /at position (\d+)/.exec(message)?.[1];
		const { line, col } = lines.linePos(Number(position ?? 0));
		throw usageFailure(`${file}:${line}:${col}: this is YAML but not JSON: ${firstLowerCase(message)}`, {
			hint: 'write plain JSON, or give the plan a name that ends in .yaml',
			cause: error,
		});
	}
}

/** One pass over the parsed document, which fills `places` and `duplicates`. */
class TreeWalk {
	readonly places = new Map<string, Place>();
	readonly duplicates: DuplicateKey[] = [];
	readonly #document: Document;
	readonly #lines: LineCounter;
	/** The targets of the aliases that are being followed. */
	readonly #followed = new Set<unknown>();

	constructor(document: Document, lines: LineCounter) {
		this.#document = document;
		this.#lines = lines;
	}

	/** The value of `node` with keys in snake_case; a keyed value's place is the line of its key. */
	visit(node: unknown, path: PlanPath, spelled: PlanPath, at: { isKeyed: boolean; line: number }): unknown {
		const line = at.isKeyed ? at.line : this.#lineOf(node, at.line);
		const offset = isScalar(node) && node.type === 'BLOCK_LITERAL' ? this.#lineOf(node, line) : undefined;
		this.places.set(formatPath(path), { spelled, line, ...(offset === undefined ? {} : { lineOffset: offset }) });
		if (isAlias(node)) return this.#follow(node.resolve(this.#document), path, spelled, line);
		if (isMap(node)) return this.#visitPairs(node.items as Pair<Node | null, Node | null>[], path, spelled, line);
		if (isSeq(node)) {
			return node.items.map((item, index) =>
				this.visit(item, [...path, index], [...spelled, index], { isKeyed: false, line }),
			);
		}
		return isScalar(node) ? node.value : null;
	}

	/** The target of an alias, which has the place of the alias. */
	#follow(target: unknown, path: PlanPath, spelled: PlanPath, line: number): unknown {
		if (this.#followed.has(target)) {
			throw usageFailure(`line ${line} of the plan: ${formatPath(spelled)} contains itself`, { hint: NO_ALIASES });
		}
		this.#followed.add(target);
		const value = this.visit(target, path, spelled, { isKeyed: true, line });
		this.#followed.delete(target);
		return value;
	}

	#visitPairs(
		pairs: readonly Pair<Node | null, Node | null>[],
		path: PlanPath,
		spelled: PlanPath,
		outerLine: number,
	): Record<string, unknown> {
		const object: Record<string, unknown> = {};
		for (const { key, value } of pairs) {
			const written = isScalar(key) ? String(key.value) : String(key);
			const name = toSnakeCase(written);
			const line = this.#lineOf(key, outerLine);
			const inner = [...path, name];
			const first = this.places.get(formatPath(inner));
			if (first) {
				this.duplicates.push({ path: formatPath([...spelled, written]), line, firstLine: first.line });
				continue;
			}
			// Defined, not assigned: a key named __proto__ is a key like any other.
			Object.defineProperty(object, name, {
				value: this.visit(value, inner, [...spelled, written], { isKeyed: true, line }),
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
			if (place) return { path: formatPath([...place.spelled, ...path.slice(length)]), line: place.line };
		}
		return { path: formatPath(path) };
	}

	#lineOf(node: unknown, otherwise: number): number {
		const start = (node as { range?: readonly number[] | null } | null)?.range?.[0];
		return start === undefined ? otherwise : this.#lines.linePos(start).line;
	}
}

const firstLowerCase = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
