/**
 * Strict JSON (RFC 8259) with places. `JSON.parse` reports neither where a value is nor that a key appears twice, and
 * what else reads JSON with places, the YAML parser, takes longer to load than the rest of a check.
 */
import { maximumDepth, TooDeepError, type Entry, type SyntaxNode, type SyntaxTree } from './syntax.js';

/** Where a text stops being JSON, both from 1, and what is wrong there. */
export class JsonSyntaxError extends Error {
	readonly line: number;
	readonly column: number;

	constructor(line: number, column: number, message: string) {
		super(message);
		this.name = 'JsonSyntaxError';
		this.line = line;
		this.column = column;
	}
}

/** Reads a text that `JSON.parse` accepts; anything else is a `JsonSyntaxError`. */
export const parseJsonText = (text: string): SyntaxTree => ({
	root: new JsonReader(text).document(),
	value: JSON.parse(text) as unknown,
});

const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Descends through the text once. `#at` is the character that is looked at. */
class JsonReader {
	readonly #text: string;
	#at = 0;
	#line = 1;
	#lineStart = 0;
	#depth = 0;

	constructor(text: string) {
		this.#text = text;
	}

	document(): SyntaxNode {
		const root = this.#value();
		if (this.#next() !== undefined) this.#fail('expected the end of the file');
		return root;
	}

	#value(): SyntaxNode {
		const first = this.#next();
		const line = this.#line;
		if (first === '{') return { kind: 'mapping', line, entries: this.#members('}', () => this.#entry()) };
		if (first === '[') return { kind: 'list', line, items: this.#members(']', () => this.#value()) };
		if (first === '"') return { kind: 'scalar', line, value: this.#string() };
		const { value, source } = this.#literal();
		return { kind: 'scalar', line, value, ...(String(value) === source ? {} : { source }) };
	}

	/** What is between an opening bracket, which is looked at, and `end`, with commas between. */
	#members<T>(end: '}' | ']', member: () => T): T[] {
		this.#at++;
		if (++this.#depth > maximumDepth) throw new TooDeepError();
		const members: T[] = [];
		if (this.#next() === end) {
			this.#at++;
			this.#depth--;
			return members;
		}
		for (;;) {
			members.push(member());
			const separator = this.#next();
			if (separator !== ',' && separator !== end) this.#fail(`expected "," or "${end}"`);
			this.#at++;
			if (separator !== end) continue;
			this.#depth--;
			return members;
		}
	}

	#entry(): Entry {
		if (this.#next() !== '"') this.#fail('expected a key in double quotes');
		const line = this.#line;
		const key = this.#string();
		if (this.#next() !== ':') this.#fail('expected ":" after the key');
		this.#at++;
		return { key, line, value: this.#value() };
	}

	#string(): string {
		let end = this.#at + 1;
		while (this.#text[end] !== '"') {
			if (end >= this.#text.length) this.#fail('this string does not end');
			end += this.#text[end] === '\\' ? 2 : 1;
		}
		try {
			const value = JSON.parse(this.#text.slice(this.#at, end + 1)) as string;
			this.#at = end + 1;
			return value;
		} catch {
			return this.#fail('this string holds a line break, another control character or an unknown escape');
		}
	}

	#literal(): { readonly value: unknown; readonly source: string } {
		literal.lastIndex = this.#at;
		const found = literal.exec(this.#text)?.[0];
		if (found === undefined) return this.#fail('expected a value');
		this.#at += found.length;
		return { value: JSON.parse(found) as unknown, source: found };
	}

	/** Goes to the next character that is no white space; undefined at the end. */
	#next(): string | undefined {
		for (; ; this.#at++) {
			const character = this.#text[this.#at];
			if (character === '\n') {
				this.#line++;
				this.#lineStart = this.#at + 1;
			} else if (character !== ' ' && character !== '\t' && character !== '\r') {
				return character;
			}
		}
	}

	#fail(message: string): never {
		throw new JsonSyntaxError(this.#line, this.#at - this.#lineStart + 1, message);
	}
}
