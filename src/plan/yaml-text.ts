/** YAML with places. The one place that imports yaml. */
import { createRequire } from 'node:module';
import type { Document, LineCounter, Node, Pair } from 'yaml';
import { usageFailure } from '../base/errors.js';
import type { SyntaxNode, SyntaxTree } from './syntax.js';

type Yaml = typeof import('yaml');

/** Loaded when YAML is read, and without a promise: the parser takes 70 ms to load, which a JSON plan need not pay. */
const loadYaml = (): Yaml => createRequire(import.meta.url)('yaml') as Yaml;

const NO_ALIASES = 'write the plan without YAML aliases (*name)';

/** Reads YAML; a `Failure` (usage) with line and column for anything else. `file` is for messages. */
export function parseYamlText(text: string, file: string): SyntaxTree {
	const yaml = loadYaml();
	const lines = new yaml.LineCounter();
	const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
	const error = document.errors[0];
	if (error) {
		const { line, col } = lines.linePos(error.pos[0]);
		const message = error.code === 'MULTIPLE_DOCS' ? 'a second document begins here' : firstLowerCase(error.message);
		throw usageFailure(`${file}:${line}:${col}: ${message}`, { hint: 'fix the YAML there', cause: error });
	}
	// First the value: the parser refuses aliases that would swell without end, which the conversion would follow.
	const value = toValue(document, file);
	return { root: new Conversion(yaml, document, lines, file).convert(document.contents, 1), value };
}

/** Whether the text is YAML at all. */
export const isYaml = (text: string): boolean => loadYaml().parseDocument(text).errors.length === 0;

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

/** From the parser's nodes to ours. */
class Conversion {
	readonly #yaml: Yaml;
	readonly #document: Document;
	readonly #lines: LineCounter;
	readonly #file: string;
	/** The targets of the aliases that are being followed. */
	readonly #followed = new Set<unknown>();

	constructor(yaml: Yaml, document: Document, lines: LineCounter, file: string) {
		this.#yaml = yaml;
		this.#document = document;
		this.#lines = lines;
		this.#file = file;
	}

	/** `outerLine` is the line of what is around, for a node that is not written out. */
	convert(node: unknown, outerLine: number): SyntaxNode {
		const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
		const line = this.#lineOf(node, outerLine);
		if (isAlias(node)) return this.#follow(node.resolve(this.#document), line);
		if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => this.convert(item, line)) };
		if (isMap(node)) {
			const pairs = node.items as Pair<Node | null, Node | null>[];
			const entries = pairs.map(({ key, value }) => {
				const keyLine = this.#lineOf(key, line);
				const written = isScalar(key) ? String(key.value) : String(key);
				return { key: written, line: keyLine, value: this.convert(value, keyLine) };
			});
			return { kind: 'mapping', line, entries };
		}
		const isBlock = isScalar(node) && node.type === 'BLOCK_LITERAL';
		const value = isScalar(node) ? node.value : null;
		return { kind: 'scalar', line, value, ...(isBlock ? { lineOffset: line } : {}) };
	}

	/** The target of an alias, which has the place of the alias. */
	#follow(target: unknown, line: number): SyntaxNode {
		if (this.#followed.has(target)) {
			throw usageFailure(`${this.#file}:${line}: what this alias stands for contains itself`, { hint: NO_ALIASES });
		}
		this.#followed.add(target);
		const node = this.convert(target, line);
		this.#followed.delete(target);
		return { ...node, line };
	}

	#lineOf(node: unknown, otherwise: number): number {
		const start = (node as { range?: readonly number[] | null } | null)?.range?.[0];
		return start === undefined ? otherwise : this.#lines.linePos(start).line;
	}
}

const firstLowerCase = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
