/** YAML with places. The one place that imports yaml. */
import { createRequire } from 'node:module';
import type { Alias, Document, LineCounter, Node, Pair } from 'yaml';
import { usageFailure } from '../base/errors.js';
import { oneLine } from '../base/format.js';
import { maximumDepth, maximumItems, TooDeepError, type Entry, type MappingNode, type SyntaxNode, type SyntaxTree } from './syntax.js';

type Yaml = typeof import('yaml');

/**
 * Loaded when YAML is read, and without a promise: the parser takes 70 ms to load, which a JSON plan need not pay. The build
 * joins in what is required by the name `require`, which a module that is not built has not.
 */
const loadYaml = (): Yaml => (typeof require === 'function' ? require('yaml') : createRequire(import.meta.url)('yaml')) as Yaml;

const NO_ALIASES = 'write the plan without YAML aliases (*name)';

/** Brackets that the parser would take seconds to stumble over. */
const opensTooMuch = new RegExp(`(?:[\\[{] ?){${maximumDepth + 1}}`);

/**
 * The value of a YAML text that this tool brings, without places. For texts that people write there is `parseYamlText`.
 */
export const valueOfYaml = (text: string): unknown => loadYaml().parse(text) as unknown;

/** Reads YAML; a `Failure` (usage) with line and column for anything else. `file` is for messages. */
export function parseYamlText(text: string, file: string): SyntaxTree {
	if (opensTooMuch.test(text)) throw new TooDeepError();
	const yaml = loadYaml();
	const lines = new yaml.LineCounter();
	const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: true, logLevel: 'error' });
	const error = document.errors[0];
	if (error) {
		// The parser descends by calling itself, and reports an exhausted stack as an error in the text.
		if (/call stack/i.test(error.message)) throw new TooDeepError();
		const { line, col } = lines.linePos(error.pos[0]);
		const message = error.code === 'MULTIPLE_DOCS' ? 'a second document begins here' : firstLowerCase(error.message);
		throw usageFailure(`${file}:${line}:${col}: ${message}`, { hint: 'fix the YAML there', cause: error });
	}
	refuseTags(document, lines, file);
	const targets = aliasTargets(yaml, document);
	if (targets.size > maximumItems) throw usageFailure(`${file}: ${targets.size} aliases are more than the ${maximumItems} that are read`, { hint: NO_ALIASES });
	refuseMerges(yaml, document, targets, lines, file);
	// First the value: the parser refuses aliases that would swell without end, which the conversion would follow.
	const value = toValue(document, file);
	return { root: new Conversion(yaml, targets, lines, file, text).convert(document.contents, 1), value };
}

/** Whether the text is YAML at all. */
export const isYaml = (text: string): boolean => loadYaml().parseDocument(text).errors.length === 0;

/** A tag that the parser does not know it passes over: `!include x.sh` would be the text `x.sh`. */
function refuseTags({ warnings }: Document, lines: LineCounter, file: string): void {
	const warning = warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
	if (!warning) return;
	const { line, col } = lines.linePos(warning.pos[0]);
	const tag = /(!\S*)$/.exec(warning.message.slice(-200))?.[1] ?? 'this';
	throw usageFailure(`${file}:${line}:${col}: ${oneLine(tag)} is a tag of YAML that is not known here`, { hint: insteadOf(tag), cause: warning });
}

function insteadOf(tag: string): string {
	if (/include|file|import/i.test(tag)) return 'write `script_file: PATH` for a script, and the text itself for anything else';
	if (/vault|secret|env/i.test(tag)) return 'write the value itself: nothing is asked for it elsewhere';
	return 'take the tag away, or put the text in quotes where the ! belongs to it';
}

/** What aliases stand for: the last anchor of their name above them. The parser looks through the whole text for each. */
function aliasTargets(yaml: Yaml, document: Document): ReadonlyMap<Alias, Node> {
	const anchors = new Map<string, Node>();
	const targets = new Map<Alias, Node>();
	yaml.visit(document, {
		Value: (_key, node) => void (node.anchor !== undefined && anchors.set(node.anchor, node)),
		Alias: (_key, node) => {
			const target = anchors.get(node.source);
			if (target) targets.set(node, target);
		},
	});
	return targets;
}

/**
 * A merge key stands for a mapping, or a list of them, by itself or by an alias; the parser refuses all others without saying
 * where.
 */
function refuseMerges(yaml: Yaml, document: Document, targets: ReadonlyMap<Alias, Node>, lines: LineCounter, file: string): void {
	yaml.visit(document, {
		Pair: (_key, { key, value }, path) => {
			if (!yaml.isScalar(key) || typeof key.value !== 'symbol') return;
			const { line } = lines.linePos(key.range?.[0] ?? 0);
			for (const source of yaml.isSeq(value) ? value.items : [value]) {
				// One that is not there is reported as such.
				if (yaml.isAlias(source) && !targets.has(source)) continue;
				const target = yaml.isAlias(source) ? targets.get(source) : source;
				if (!yaml.isMap(target) && !yaml.isSeq(target)) throw notMergeable(file, line);
				if (path.includes(target as never)) throw usageFailure(`${file}:${line}: what this merge key (<<) brings contains itself`, { hint: 'merge a mapping that is somewhere else' });
			}
		},
	});
}

const notMergeable = (file: string, line: number) =>
	usageFailure(`${file}:${line}: a merge key (<<) stands for no mapping`, { hint: 'write `<<: *name` with an anchor of a mapping, or take it away' });

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
	readonly #targets: ReadonlyMap<Alias, Node>;
	readonly #lines: LineCounter;
	readonly #file: string;
	readonly #text: string;
	#depth = 0;
	/** The targets of the aliases that are being followed. */
	readonly #followed = new Set<unknown>();

	constructor(yaml: Yaml, targets: ReadonlyMap<Alias, Node>, lines: LineCounter, file: string, text: string) {
		this.#yaml = yaml;
		this.#targets = targets;
		this.#lines = lines;
		this.#file = file;
		this.#text = text;
	}

	/** `outerLine` is the line of what is around, for a node that is not written out. */
	convert(node: unknown, outerLine: number): SyntaxNode {
		if (++this.#depth > maximumDepth) throw new TooDeepError();
		const converted = this.#convert(node, this.#lineOf(node, outerLine));
		this.#depth--;
		return converted;
	}

	#convert(node: unknown, line: number): SyntaxNode {
		const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
		if (isAlias(node)) return this.#follow(this.#targets.get(node), line);
		if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => this.convert(item, line)) };
		if (isMap(node)) return this.#mapping(node.items as Pair<Node | null, Node | null>[], line);
		const isBlock = isScalar(node) && node.type === 'BLOCK_LITERAL';
		const isOctal = isScalar(node) && typeof node.value === 'number' && /^0o[0-7]+$/.test(node.source ?? '');
		// What is written as octal is read by whoever knows that it is a file's mode.
		const value = isOctal ? node.source : isScalar(node) ? node.value : null;
		const isTyped = isScalar(node) && (typeof node.value === 'number' || typeof node.value === 'boolean');
		const source = isTyped && node.source !== undefined && node.source !== String(node.value) ? { source: node.source } : {};
		return { kind: 'scalar', line, value, ...source, ...(isBlock ? { lineOffset: line } : {}), ...(this.#isFolded(node) ? { isFolded: true } : {}) };
	}

	#isFolded(node: unknown): boolean {
		if (!this.#yaml.isScalar(node) || node.type !== 'BLOCK_FOLDED' || typeof node.value !== 'string') return false;
		const [start = 0, end = 0] = node.range ?? [];
		const written = this.#text.slice(start, end).split('\n').slice(1);
		const filled = (lines: readonly string[]): number => lines.filter((line) => line.trim() !== '').length;
		return filled(node.value.split('\n')) < filled(written);
	}

	/** Keys of the mapping itself count before those that a merge key (`<<`) brings, wherever that is. */
	#mapping(pairs: readonly Pair<Node | null, Node | null>[], line: number): MappingNode {
		const { isScalar } = this.#yaml;
		const entries: Entry[] = [];
		const merged: Entry[] = [];
		for (const { key, value } of pairs) {
			const keyLine = this.#lineOf(key, line);
			const written = isScalar(key) ? String(key.value) : String(key);
			const converted = this.convert(value, keyLine);
			// The parser's own mark of a merge key that is not in quotes.
			if (isScalar(key) && typeof key.value === 'symbol') merged.push(...this.#merged(converted, keyLine));
			else entries.push({ key: written, line: keyLine, value: converted });
		}
		const own = new Set(entries.map(({ key }) => key));
		const brought = merged.filter(({ key }) => !own.has(key) && own.add(key));
		return { kind: 'mapping', line, entries: [...entries, ...brought] };
	}

	/** The entries of a mapping, or of a list of them of which the first counts most (https://yaml.org/type/merge.html). */
	#merged(node: SyntaxNode, line: number): readonly Entry[] {
		if (node.kind === 'mapping') return node.entries.map((entry) => ({ ...entry, line }));
		if (node.kind === 'list') return node.items.flatMap((item) => this.#merged(item, line));
		throw notMergeable(this.#file, line);
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

const firstLowerCase = (text: string): string => oneLine(text.charAt(0).toLowerCase() + text.slice(1));
