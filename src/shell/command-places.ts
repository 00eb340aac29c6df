/**
 * What becomes of the exit status of each command of a shell script, read without running it: whether the script asks
 * for it, throws it away, or ends on it.
 */
import { forEachChild, type Command, type PipelineNode, type Redirection, type Statement, type SyntaxNode } from 'unbash';
import { parseNested, unlessTooDeep } from './nesting.js';
import { lineFinder, type LineFinder } from './script-lines.js';

/**
 * `plain`: only `set -e` would mind. `condition`: the script chooses by it. `swallowed`: it is followed by `|| true` or
 * the like. Of a pipeline's elements the status is the pipeline's.
 */
export type StatusUse = 'plain' | 'condition' | 'swallowed';

/** A pipeline's element: `id` tells pipelines apart. */
export interface PipelinePlace {
	readonly id: number;
	/** From 0. */
	readonly index: number;
	readonly count: number;
}

/**
 * A process that the shell forks for a part of a script: an element of a pipeline, `( )`, a substitution, or what runs
 * in the background. `beside` are the substitutions that are files, and those of here-documents.
 */
export interface Fork extends PipelinePlace {
	readonly kind: 'pipeline' | 'subshell' | 'substitution' | 'background' | 'beside';
	/** The whole pipeline as it is written in the script, in one line; empty for other kinds. */
	readonly text: string;
	/** A substitution in the header of a loop or a choice: where nothing follows in these, its status is not theirs. */
	readonly isOfHeader?: boolean;
}

/** A command at its place in a script. */
export interface CommandPlace {
	/** 1-based line that it begins on. */
	readonly line: number;
	/** Lines that a shell may report as the command's, the first and the last. */
	readonly reported: readonly [number, number];
	/** Its words where they are the same in every run, its name first; `[[`, `((` and `variable=` are names. */
	readonly words: readonly (string | undefined)[];
	readonly use: StatusUse;
	/** The pipeline that it is part of, itself or within a compound command. */
	readonly pipeline: PipelinePlace | undefined;
	/** All forks around it, from the outermost inwards, up to the function that it is in. */
	readonly forks: readonly Fork[];
	/**
	 * When the shell goes on: in turn, when it has ended; at once, for what it, or what it is in, is `background`;
	 * with the command that a substitution is a file or a here-document of, `beside` it.
	 */
	readonly runs: 'in turn' | 'background' | 'beside';
	/** Assignments: a `whole` command of them has the status of its last substitution; before another they have none. */
	readonly assigns: 'whole' | 'before' | undefined;
	/** It is in a substitution. */
	readonly isSubstituted: boolean;
	/** It decides whether a loop goes on: the loop's status is not its own. */
	readonly isLoopTest: boolean;
	/** As it is written in the script; the beginning of it where it is long. */
	readonly text: string;
	/** The plain command that runs next, where one plain command follows another; with its lines. */
	readonly follower: { readonly reported: readonly [number, number]; readonly text: string } | undefined;
	/** The function that it is in. */
	readonly ofFunction: string | undefined;
}

/** Where commands are, and what functions there are. */
export interface ScriptPlaces {
	readonly places: readonly CommandPlace[];
	readonly functions: ReadonlySet<string>;
	/** The first word of what each alias stands for. */
	readonly aliases: ReadonlyMap<string, string>;
}

interface Surroundings extends Pick<CommandPlace, 'use' | 'pipeline' | 'forks' | 'runs' | 'isSubstituted' | 'isLoopTest' | 'follower' | 'ofFunction'> {
	/**
	 * Line of the command that this is a here-document or a redirection of: the shell reports it for the commands in
	 * it.
	 */
	readonly within?: number;
	/** Last line of the array that this is in: the shell reports it for the substitutions there. */
	readonly until?: number;
	readonly isHeader?: boolean;
}

const plain: Surroundings = {
	use: 'plain',
	pipeline: undefined,
	forks: [],
	runs: 'in turn',
	isSubstituted: false,
	isLoopTest: false,
	follower: undefined,
	ofFunction: undefined,
};

/** What somebody writes behind `||` who does not mind: nothing that could repair or end anything. */
const indifferent = new Set(['true', ':', 'echo', 'printf', 'logger', 'cat']);

/** Commands that only ask; so do the substitutions in them. */
const tests = new Set(['[', '[[', '((', 'test']);

/** Finds every command of a script. What cannot be parsed, or is nested too deeply, has none. */
export function findCommandPlaces(text: string): ScriptPlaces {
	const finder = new PlaceFinder(text);
	unlessTooDeep(
		() => finder.addStatements(parseNested(text).commands, plain, lineFinder(text)),
		() => void finder.places.splice(0),
	);
	return finder;
}

class PlaceFinder implements ScriptPlaces {
	readonly places: CommandPlace[] = [];
	readonly functions = new Set<string>();
	readonly aliases = new Map<string, string>();
	readonly #text: string;
	#pipelines = 0;
	#forks = 0;

	constructor(text: string) {
		this.#text = text;
	}

	/** A list's status is that of its last statement. */
	addStatements(statements: readonly Statement[], around: Surroundings, lineOf: LineFinder): void {
		for (const [index, { command, background }] of statements.entries()) {
			const next = statements[index + 1];
			const isAsked = next !== undefined && this.#text.slice(next.pos, next.end).includes('$?');
			const outer: Surroundings = next === undefined ? around : { ...around, use: isAsked ? 'condition' : 'plain' };
			const isPlain = command.type === 'Command' && next?.command.type === 'Command' && !background && !next.background;
			const follower = isPlain ? { reported: [lineOf(next.pos), lineOf(next.end - 1)] as const, text: this.#text.slice(next.pos, next.end) } : undefined;
			const own: Surroundings = { ...outer, follower };
			this.#visit(command, background ? this.#fork({ ...own, use: 'plain', runs: 'background' }, 'background') : own, lineOf);
		}
	}

	#visit(node: SyntaxNode, around: Surroundings, lineOf: LineFinder): void {
		switch (node.type) {
			case 'AndOr':
				for (const [index, part] of node.commands.entries()) {
					this.#visit(part, { ...around, use: useInList(node.commands, node.operators, index, around.use) }, lineOf);
				}
				return;
			case 'Pipeline':
				return this.#addPipeline(node, around, lineOf);
			case 'If':
			case 'Elif':
			case 'While':
				this.addStatements(node.clause.commands, { ...around, use: 'condition', isLoopTest: node.type === 'While' }, lineOf);
				return forEachChild(node, (child) => {
					if (child !== node.clause) this.#visit(child, around, lineOf);
				});
			case 'Subshell':
				return forEachChild(node, (child) => this.#visit(child, this.#fork(around, 'subshell'), lineOf));
			case 'For':
			case 'Select':
			case 'Case':
				this.#addHeader(node, around, lineOf);
				return forEachChild(node, (child) => this.#visit(child, child.type === 'Word' ? { ...around, isHeader: true } : around, lineOf));
			case 'Function':
				this.functions.add(node.name.value);
				return this.#visit(node.body, { ...plain, ofFunction: node.name.value }, lineOf);
			case 'Coproc':
				return this.#visit(node.body, this.#fork({ ...plain, ofFunction: around.ofFunction, runs: 'background' }, 'background'), lineOf);
			case 'CompoundList':
				return this.addStatements(node.commands, around, lineOf);
			case 'Command':
				return this.#addCommand(node, around, lineOf);
			case 'TestCommand':
			case 'ArithmeticCommand':
				this.#add(node, [node.type === 'TestCommand' ? '[[' : '(('], undefined, around, lineOf);
				return this.#addSubstitutions(node, { ...substituted(around), use: 'condition' }, lineOf);
			case 'Word':
			case 'Assignment':
			case 'Redirect':
			case 'HereDoc':
			case 'HereString':
				return this.#addSubstitutions(node, substituted(around), lineOf);
			default:
				forEachChild(node, (child) => this.#visit(child, around, lineOf));
		}
	}

	#addPipeline(node: Extract<SyntaxNode, { type: 'Pipeline' }>, around: Surroundings, lineOf: LineFinder): void {
		const isNegated = node.prefixes.some(({ type }) => type === 'Negation');
		const own: Surroundings = isNegated ? { ...around, use: 'condition' } : around;
		const count = node.commands.length;
		const id = count > 1 ? ++this.#pipelines : 0;
		const text = count > 1 ? this.#text.slice(node.pos, node.end).slice(0, textLimit).replaceAll(/\s*\\?\s*\n\s*/g, ' ') : '';
		for (const [index, element] of node.commands.entries()) {
			const pipeline = { id, index, count };
			this.#visit(element, count > 1 ? { ...own, pipeline, forks: [...own.forks, { ...pipeline, kind: 'pipeline', text }] } : own, lineOf);
		}
	}

	/** What the shell traces when it begins a loop or a choice, as it is written in the script. */
	#addHeader(node: SyntaxNode, around: Surroundings, lineOf: LineFinder): void {
		const text = this.#text.slice(node.pos, node.end).split('\n')[0] ?? '';
		const line = lineOf(node.pos);
		const words = text.split(/\s+/, 2);
		const { within: _within, until: _until, ...rest } = around;
		this.places.push({ ...rest, line, reported: [line, line], words, assigns: undefined, text: text.slice(0, textLimit), follower: undefined });
	}

	/** The same surroundings in a process of their own. Ids of forks that are no pipelines are negative. */
	#fork(around: Surroundings, kind: Fork['kind']): Surroundings {
		const { isHeader: isOfHeader = false, ...rest } = around;
		return { ...rest, forks: [...around.forks, { id: -++this.#forks, index: 0, count: 1, kind, text: '', isOfHeader }] };
	}

	#addCommand(node: Command, around: Surroundings, lineOf: LineFinder): void {
		const words = [...(node.name ? [node.name] : []), ...node.args].map(fixedText);
		for (const each of node.prefix) {
			if (each.type !== 'Assignment') continue;
			const name = each.text.slice(0, each.text.indexOf('=') + 1);
			this.#add(each, [name], node.name ? 'before' : 'whole', around, lineOf);
		}
		if (node.name) this.#add(node, words, undefined, around, lineOf);
		if (words[0] === 'alias') this.#addAliases(node);
		const isTest = around.use === 'condition' || tests.has(words[0] ?? '');
		const use: StatusUse = !node.name ? around.use : isTest ? 'condition' : 'plain';
		const inner: Surroundings = { ...substituted(around), use, runs: around.runs };
		const isRedirection = ({ type }: SyntaxNode): boolean => type === 'Redirect' || type === 'HereDoc' || type === 'HereString';
		forEachChild(node, (child) => {
			const array = child.type === 'Assignment' && /^\w+\+?=\(/.test(child.text) ? { until: lineOf(child.end - 1) } : {};
			if (!isRedirection(child)) this.#addSubstitutions(child, { ...inner, ...array }, lineOf);
			// The shell traces a command before it opens its files.
			else this.#addSubstitutions(child, { ...substituted(around), runs: 'beside', within: lineOf(node.pos) }, lineOf);
		});
	}

	#add(node: SyntaxNode, words: CommandPlace['words'], assigns: CommandPlace['assigns'], around: Surroundings, lineOf: LineFinder): void {
		const { use, pipeline, forks, runs, isSubstituted, isLoopTest, follower, ofFunction, within, until = 0 } = around;
		const line = lineOf(node.pos);
		const text = this.#text.slice(node.pos, Math.min(node.end, node.pos + textLimit));
		// Each by its name: to copy all but some takes ten times as long.
		this.places.push({ use, pipeline, forks, runs, isSubstituted, isLoopTest, follower, ofFunction, line, reported: [within ?? line, Math.max(until, lineOf(Math.max(node.pos, node.end - 1)))], words, assigns, text });
	}

	#addAliases({ args }: Command): void {
		for (const arg of args) {
			const [, name, first] = /^([^=\s]+)=['"]?\s*([^\s'"]+)/.exec(arg.text) ?? [];
			if (name !== undefined && first !== undefined) this.aliases.set(name, this.aliases.get(first) ?? first);
		}
	}

	#addSubstitutions(node: SyntaxNode, around: Surroundings, lineOf: LineFinder): void {
		forEachChild(node, (child) => {
			if (child.type !== 'Script') return this.#addSubstitutions(child, around, lineOf);
			// An escaped backtick substitution counts its positions from its own start.
			const inner: LineFinder = child.source === undefined ? lineOf : () => lineOf(node.pos);
			// What is behind <( ) runs beside the command that reads it.
			const isFile = node.type === 'ProcessSubstitution';
			const within = isFile ? { ...substituted(around), runs: 'beside' as const } : around;
			this.addStatements(child.commands, this.#fork(within, isFile || around.runs === 'beside' ? 'beside' : 'substitution'), inner);
		});
	}
}

/** How much is kept of a command's text in the script, in characters. */
const textLimit = 2000;

/** Around what a substitution runs. */
const substituted = ({ forks, ofFunction, isHeader = false }: Surroundings): Surroundings =>
	({ use: 'plain', pipeline: undefined, forks, runs: 'in turn', isSubstituted: true, isLoopTest: false, follower: undefined, ofFunction, isHeader });

/** What becomes of the status of one command of `a && b || c`, which itself is where a status is put to `use`. */
function useInList(
	commands: readonly PipelineNode[],
	operators: readonly ('&&' | '||')[],
	index: number,
	use: StatusUse,
): StatusUse {
	if (index === commands.length - 1) return use;
	// After a failure, everything up to the next `||` is passed over.
	const or = operators.indexOf('||', index);
	if (or !== index) return 'condition';
	const handler = commands[or + 1];
	return handler && isIndifferent(handler) ? 'swallowed' : 'condition';
}

function isIndifferent(node: SyntaxNode): boolean {
	if (node.type === 'Command') return node.name !== undefined && indifferent.has(node.name.value) && !node.redirects.some(writesFile);
	if (node.type === 'Redirected') return isIndifferent(node.command) && !node.redirects.some(writesFile);
	if (node.type === 'BraceGroup' || node.type === 'Subshell') return node.body.commands.every(({ command }) => isIndifferent(command));
	return false;
}

/** `|| echo … >>file` repairs something; `>&2` and `>/dev/null` are for nobody but the reader. */
const writesFile = (redirect: Redirection): boolean =>
	redirect.type === 'Redirect' && redirect.operator.includes('>') && redirect.operator !== '>&' && !redirect.target?.value.startsWith('/dev/');

/** The value of a word that no expansion changes. */
function fixedText(word: SyntaxNode & { readonly text: string }): string | undefined {
	if (word.type !== 'Word') return undefined;
	return /[$`*?{[~]/.test(word.text) && word.text !== '[' && !/^'[^']*'$/.test(word.text) ? undefined : word.value;
}
