/**
 * What a startup script or a command of an assertion does, read without running it: its lines of shell code, its
 * syntax errors and every command in it, those inside substitutions, functions and `sh -c '…'` strings too.
 *
 * Parsed as Bash by unbash. Scripts for other interpreters (`#!/usr/bin/python3`) are not analysed.
 */
import { forEachChild, type Command, type ParsedScript, type SyntaxNode } from 'unbash';
import { countShellLines, lineFinder, type LineFinder } from './script-lines.js';
import { parseNested, unlessTooDeep } from './nesting.js';
import { findInner, type ShellWord } from './script-wrappers.js';
import { findSurelyRun } from './surely.js';

/** A simple command: `words[0]` is its name. */
export interface ShellCommand {
	/** Name without its directory; undefined when an expansion gives it. */
	readonly name: string | undefined;
	readonly words: readonly ShellWord[];
	/** Targets of `>`, `>>` and their like. */
	readonly writes: readonly ShellWord[];
	/** 1-based line of the script. */
	readonly line: number;
	/** Whether the script runs it in any case, and does not go on without it; `elsewhere` is in another root directory. */
	readonly runs: 'surely' | 'perhaps' | 'elsewhere';
	/** Whether it is a shell whose script, a here-document, is read here as well. */
	readonly isRead: boolean;
}

/** A statement at the top level of a script, as written. */
export interface ShellStatement {
	readonly text: string;
	readonly line: number;
}

/** What a script is and does, as far as that follows from its text. */
export interface ScriptAnalysis {
	/** False for a script of another interpreter, of which nothing else is known. */
	readonly isShell: boolean;
	/** What follows `#!`, without surrounding space. */
	readonly interpreter: string | undefined;
	/** Lines that hold shell code; see {@link countShellLines}. */
	readonly shellLines: number;
	readonly errors: readonly { readonly line: number; readonly message: string }[];
	readonly statements: readonly ShellStatement[];
	/** Every simple command; one with a substitution in it comes before what the substitution runs. */
	readonly commands: readonly ShellCommand[];
	/** Names of the functions that the script defines. */
	readonly functions: ReadonlySet<string>;
	/** Variables that are set to a fixed value, each with the last one. */
	readonly variables: ReadonlyMap<string, string>;
	/** Names of all variables that are set, wherever that is. */
	readonly assigned: ReadonlySet<string>;
	/** What the script has in another language, or is: Python by name, or a here-document that Python reads. */
	readonly python: readonly { readonly line: number; readonly text: string }[];
}

/** Strings given to `sh -c` hold scripts that hold strings; deeper than this nobody means it. */
const maximumNesting = 8;

const shells = /(?:^|[/\s])(?:ba|da)?sh(?:\s|$)/;

/** Reads a script. Never throws: what cannot be parsed becomes an entry of `errors`. */
export function analyseScript(text: string): ScriptAnalysis {
	const interpreter = /^\ufeff?#!(.*)/.exec(text)?.[1]?.trim();
	if (interpreter !== undefined && !shells.test(interpreter)) {
		const python = /\bpython3?\b/.test(interpreter) ? [{ line: 1, text }] : [];
		return { isShell: false, interpreter, ...nothingFound(), python, errors: [...findByteOrderMark(text), ...findPathless(text), ...findNull(text), ...findShebangReturn(text)] };
	}
	return unlessTooDeep(
		() => analyseShell(text, interpreter),
		(message) => ({ isShell: true, interpreter, ...nothingFound(), errors: [{ line: 1, message }] }),
	);
}

const nothingFound = (): Omit<ScriptAnalysis, 'isShell' | 'interpreter' | 'errors'> => ({
	shellLines: 0,
	statements: [],
	commands: [],
	functions: new Set(),
	variables: new Map(),
	assigned: new Set(),
	python: [],
});

function analyseShell(text: string, interpreter: string | undefined): ScriptAnalysis {
	const script = parseNested(text);
	const lineOf = lineFinder(text);
	const found = new Collector();
	found.addRoot(script, text, lineOf, 0, true);
	const lastLine = lastLineRead(script, lineOf);
	return {
		isShell: true,
		interpreter,
		shellLines: countShellLines(text, script),
		errors: [...syntaxErrors(found), ...findCarriageReturns(text), ...findByteOrderMark(text), ...findPathless(text), ...findNull(text)]
			.filter(({ line }) => line <= lastLine)
			.sort((a, b) => a.line - b.line),
		statements: script.commands.map(({ pos, end }) => ({ text: text.slice(pos, end), line: lineOf(pos) })),
		commands: found.commands,
		functions: found.functions,
		variables: found.variables,
		assigned: found.assigned,
		python: found.python,
	};
}

/** A shell reads line by line: what is behind an `exit` at the top level, such as the payload of an archive, it never sees. */
function lastLineRead({ commands }: ParsedScript, lineOf: LineFinder): number {
	const end = commands.find(({ command, background }) => command.type === 'Command' && !background && (command.name?.value === 'exit' || (command.name?.value === 'exec' && command.args.length > 0)));
	return end ? lineOf(end.end - 1) : Infinity;
}

/** What comes behind a here-document that nothing ends is part of it: whatever else is missing there is a matter of that. */
function syntaxErrors({ errors, unended }: Collector): readonly { line: number; message: string }[] {
	const [first] = unended;
	return first ? [...errors.filter(({ line }) => line < first.line), ...unended] : errors;
}

/** What is wrong with a here-document that nothing ends: most often the line that was meant to is indented. */
function unendedDocument(delimiter: string, body: string, firstLine: number): string {
	const unended = `the here-document has no line '${delimiter}' that ends it`;
	const lines = body.split('\n');
	const at = lines.findIndex((line) => line.trim() === delimiter && delimiter !== '');
	if (at === -1) return unended;
	const how = /^\s/.test(lines[at] ?? '') ? 'is indented' : 'has something behind it';
	return `${unended}: that in line ${firstLine + at} ${how}`;
}

/** Walks a syntax tree and everything nested in it. */
class Collector {
	readonly errors: { line: number; message: string }[] = [];
	/** Here-documents that nothing ends. */
	readonly unended: { line: number; message: string }[] = [];
	readonly commands: ShellCommand[] = [];
	readonly functions = new Set<string>();
	readonly variables = new Map<string, string>();
	readonly assigned = new Set<string>();
	readonly python: { line: number; text: string }[] = [];
	readonly #sure = new Set<SyntaxNode>();
	#isElsewhere = false;

	/** Adds a script that is a text of its own. What it runs is as sure as it is itself. */
	addRoot(script: ParsedScript, text: string, lineOf: LineFinder, depth: number, isSure: boolean): void {
		if (isSure) for (const node of findSurelyRun(script, text)) this.#sure.add(node);
		this.addScript(script, lineOf, depth);
	}

	addScript(script: ParsedScript, lineOf: LineFinder, depth: number): void {
		// One slip makes the parser stumble several times; the first place is the one to look at.
		const [error] = script.errors ?? [];
		if (error) this.errors.push({ line: lineOf(error.pos), message: error.message });
		this.#visit(script, lineOf, depth);
	}

	#visit(node: SyntaxNode, lineOf: LineFinder, depth: number): void {
		if (node.type === 'Function') this.functions.add(node.name.value);
		if (node.type === 'Assignment') this.assigned.add(node.name);
		if (node.type === 'Assignment' && node.value.type === 'Word' && !hasExpansion(node.value)) {
			this.variables.set(node.name, node.value.value);
		}
		if (node.type === 'Command') this.#addCommand(node, lineOf, depth);
		if (node.type === 'TestCommand') this.#addTest(node, lineOf);
		if (node.type === 'HereDoc' && node.closing === undefined) {
			const delimiter = node.delimiter?.value ?? '';
			this.unended.push({ line: lineOf(node.pos), message: unendedDocument(delimiter, node.body.text, lineOf(node.body.pos)) });
		}
		forEachChild(node, (child) => {
			if (child.type !== 'Script') return this.#visit(child, lineOf, depth);
			// An escaped backtick substitution counts its positions from its own start.
			const inner: LineFinder = child.source === undefined ? lineOf : () => lineOf(node.pos);
			this.addScript(child, inner, depth);
		});
	}

	/** `[[ ]]` is a command as `[` is one, whose operands are words. */
	#addTest(node: SyntaxNode, lineOf: LineFinder): void {
		const words: ShellWord[] = [{ text: '[[', value: '[[', dynamic: false }];
		const collect = (inner: SyntaxNode): void =>
			forEachChild(inner, (child) => void (child.type === 'Word' ? words.push(toShellWord(child)) : child.type !== 'Script' && collect(child)));
		collect(node);
		this.commands.push({ name: '[[', words, writes: [], line: lineOf(node.pos), runs: 'perhaps', isRead: false });
	}

	#addCommand(node: Command, lineOf: LineFinder, depth: number): void {
		if (!node.name) return;
		const words = [node.name, ...node.args].map(toShellWord);
		const line = lineOf(node.name.pos);
		const writes = node.redirects.flatMap((redirect) => {
			if (redirect.type !== 'Redirect' || !redirect.operator.includes('>')) return [];
			return redirect.target ? [toShellWord(redirect.target)] : [];
		});
		const body = node.redirects.find((redirect) => redirect.type === 'HereDoc')?.body;
		const readsScript = words.length === 1 && /^(?:ba|da)?sh$/.test(nameOf(words) ?? '');
		const runs = this.#sure.has(node) ? 'surely' : 'perhaps';
		this.#addWords({ words, writes, line, runs, isRead: readsScript && body !== undefined }, depth);
		const [isPython, program] = [/^python3?(?:\.\d+)?$/.test(nameOf(words) ?? ''), words.findIndex(({ value }) => value === '-c') + 1];
		const text = program > 0 ? words[program]?.value : body?.text;
		if (isPython && text !== undefined) this.python.push({ line: program > 0 || !body ? line : lineOf(body.pos), text });
		// A program that is written into a file.
		else if (body && /^#!.*\bpython3?\b/.test(body.text)) this.python.push({ line: lineOf(body.pos), text: body.text });
		if (body && readsScript) this.#addNested(body.text, lineOf(body.pos), depth, runs);
	}

	/** Adds a command, and the one that it runs when it is a wrapper such as `sudo`. */
	#addWords(command: Omit<ShellCommand, 'name'>, depth: number): void {
		const { words, line } = command;
		const name = nameOf(words);
		this.commands.push({ name, ...command, runs: this.#isElsewhere ? 'elsewhere' : command.runs });
		const inner = depth < maximumNesting && name !== undefined ? findInner(name, words) : undefined;
		const outer = this.#isElsewhere;
		this.#isElsewhere ||= name === 'chroot';
		if (inner?.kind === 'command') this.#addWords({ ...command, words: inner.words, writes: [], isRead: false }, depth + 1);
		if (inner?.kind === 'script') this.#addNested(inner.text, line, depth, command.runs);
		this.#isElsewhere = outer;
	}

	#addNested(text: string, firstLine: number, depth: number, runs: ShellCommand['runs']): void {
		if (depth >= maximumNesting) return;
		const lineOf = lineFinder(text);
		this.addRoot(parseNested(text), text, (position) => firstLine + lineOf(position) - 1, depth + 1, runs === 'surely');
	}
}

function toShellWord(word: SyntaxNode & { readonly text: string }): ShellWord {
	const value = word.type === 'Word' ? word.value : word.text;
	return { text: word.text, value, dynamic: hasExpansion(word) };
}

/** Whether a part of the word is only known when the script runs. Patterns of file names count as known. */
function hasExpansion(node: SyntaxNode): boolean {
	if (/Expansion|ProcessSubstitution/.test(node.type) && node.type !== 'BraceExpansion') return true;
	let found = false;
	forEachChild(node, (child) => {
		found ||= hasExpansion(child);
	});
	return found;
}

function nameOf(words: readonly ShellWord[]): string | undefined {
	const [first] = words;
	if (!first || first.dynamic) return undefined;
	return first.value.slice(first.value.lastIndexOf('/') + 1);
}

/** Bash takes a carriage return for part of the word before it, which no message of its own states plainly. */
function findCarriageReturns(text: string): { line: number; message: string }[] {
	const line = text.split('\n').findIndex((content) => content.endsWith('\r')) + 1;
	return line === 0 ? [] : [{ line, message: 'the line ends in a carriage return (a file with Windows line ends)' }];
}

/** In a first line the kernel takes it for part of the interpreter's name. */
const findShebangReturn = (text: string): { line: number; message: string }[] =>
	/^#![^\n]*\r\n/.test(text) ? [{ line: 1, message: 'the first line ends in a carriage return, which belongs to the interpreter then' }] : [];

/** Shells drop it, or take the file for a program; Python refuses it. */
function findNull(text: string): { line: number; message: string }[] {
	const at = text.indexOf('\0');
	return at === -1 ? [] : [{ line: text.slice(0, at).split('\n').length, message: 'the line has a NUL byte, which no interpreter takes for text' }];
}

/** The kernel looks through no search path for what the first line names (execve(2)). */
function findPathless(text: string): { line: number; message: string }[] {
	const [, program] = /^#![ \t]*([^\s/]\S*)/.exec(text) ?? [];
	return program === undefined ? [] : [{ line: 1, message: `the first line names '${program}' without an absolute path: the kernel does not search for it` }];
}

/** The kernel looks for `#!` in the first two bytes. */
const findByteOrderMark = (text: string): { line: number; message: string }[] =>
	text.startsWith('\ufeff') ? [{ line: 1, message: 'the file begins with a byte order mark, which hides its first line from the kernel' }] : [];
