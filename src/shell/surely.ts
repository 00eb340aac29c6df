/**
 * Which commands of a script are surely run, with a failure that is not passed over: those at its top level, and in functions
 * that are called there, in front of whatever may end the script well. Everything else a script may do without.
 */
import { forEachChild, type AndOr, type Command, type ParsedScript, type Statement, type SyntaxNode, type Word } from 'unbash';

/** How it goes on behind a part of a script: surely, or with what called the function, if at all; or perhaps with nothing. */
type Going = 'on' | 'returned' | 'ended';

/** What is known of the place of a part. */
interface Place {
	/** Whether a failure there is not passed over. */
	readonly counts: boolean;
	/** Whether its status is that of the whole script. */
	readonly isLast: boolean;
}

/** How much of the next command is looked at for the question how this one ended. */
const askedWithin = 2000;

/** The commands of a script that surely run, and that it does not go on without. `text` is what it was parsed from. */
export function findSurelyRun(script: ParsedScript, text: string): ReadonlySet<SyntaxNode> {
	const walk = new Walk(script, text);
	walk.list(script.commands, { counts: true, isLast: true });
	return walk.endsWell ? new Set() : walk.found;
}

class Walk {
	readonly found = new Set<SyntaxNode>();
	/** Whether a trap gives the script a status of its own. */
	endsWell = false;
	readonly #bodies = new Map<string, SyntaxNode[]>();
	readonly #called = new Map<string, Going>();
	readonly #leaving = new Map<string, Going>();
	#text: string;
	#goesOnAfterErrors = false;

	constructor(script: ParsedScript, text: string) {
		this.#text = text;
		this.#prepare(script);
	}

	/** Functions count from anywhere: which definition it is that is called is only sure of those that have one. */
	#prepare(node: SyntaxNode): void {
		if (node.type === 'Function') this.#bodies.set(node.name.value, [...(this.#bodies.get(node.name.value) ?? []).slice(-1), node.body]);
		if (node.type === 'Command' && node.name?.value === 'trap') this.endsWell ||= isTrapThatEndsWell(node);
		forEachChild(node, (child) => this.#prepare(child));
	}

	list(statements: readonly Statement[], { counts, isLast }: Place): Going {
		for (const [index, { command, background }] of statements.entries()) {
			const next = statements[index + 1];
			// What runs in the background ends nothing.
			if (background) continue;
			const isAsked = next !== undefined && this.#text.slice(next.pos, Math.min(next.end, next.pos + askedWithin)).includes('$?');
			const going = this.#visit(command, { counts: counts && !isAsked && !this.#goesOnAfterErrors, isLast: isLast && next === undefined });
			if (going !== 'on') return going;
		}
		return 'on';
	}

	#visit(node: SyntaxNode, place: Place): Going {
		switch (node.type) {
			case 'Command':
				return this.#command(node, place);
			case 'AndOr':
				return this.#andOr(node, place);
			case 'Pipeline': {
				const isNegated = node.prefixes.some(({ type }) => type === 'Negation');
				const own = { ...place, counts: place.counts && !isNegated };
				const [only, ...others] = node.commands;
				if (only && others.length === 0) return this.#visit(only, own);
				for (const element of node.commands) this.#forked(() => this.#visit(element, { ...own, isLast: false }));
				return 'on';
			}
			case 'Subshell':
				this.#forked(() => this.list(node.body.commands, place));
				return 'on';
			case 'BraceGroup':
				return this.list(node.body.commands, place);
			case 'CompoundList':
				return this.list(node.commands, place);
			case 'Redirected':
				return this.#visit(node.command, place);
			case 'Function':
			case 'Coproc':
				return 'on';
			case 'While': {
				const wait = waitedFor(node);
				if (wait && !this.#canLeave(node.body)) return this.#visit(wait, place);
				const [first] = node.clause.commands;
				const isEndless = node.kind === 'while' && first?.command.type === 'Command' && /^(?:true|:)$/.test(first.command.name?.value ?? '');
				return isEndless ? 'ended' : this.#leavingOf(node);
			}
			default:
				return this.#leavingOf(node);
		}
	}

	/** Looks at what has a process of its own, whose options are none of the script's. */
	#forked(look: () => Going): void {
		const before = this.#goesOnAfterErrors;
		look();
		this.#goesOnAfterErrors = before;
	}

	#command(node: Command, place: Place): Going {
		const { name } = node;
		if (!name) {
			this.#assignments(node, place);
			return 'on';
		}
		if (/[$`]/.test(name.text)) return 'on';
		if (place.counts) this.found.add(node);
		const operands = node.args.map(({ text }) => text);
		switch (name.value) {
			case 'exit':
				return 'ended';
			case 'return':
				return 'returned';
			case 'exec':
				return operands.length > 0 ? 'ended' : 'on';
			case 'set':
				if (operands.some((text) => /^\+[a-zA-Z]*e/.test(text)) || /\+o errexit/.test(operands.join(' ').slice(0, 1000))) this.#goesOnAfterErrors = true;
				else if (operands.some((text) => /^-[a-zA-Z]*e/.test(text) || text === 'errexit')) this.#goesOnAfterErrors = false;
				return 'on';
			default:
				return this.#call(name.value, place);
		}
	}

	/** An assignment has the status of its last substitution. */
	#assignments({ prefix }: Command, place: Place): void {
		const words = prefix.flatMap((each) => (each.type === 'Assignment' && each.value.type === 'Word' ? [each.value] : []));
		const script = words.flatMap(scriptsOf).at(-1);
		if (!script) return;
		const outer = this.#text;
		// An escaped backtick substitution counts its positions from its own start.
		this.#text = script.source ?? outer;
		this.#forked(() => this.list(script.commands, { ...place, isLast: false }));
		this.#text = outer;
	}

	#call(name: string, place: Place): Going {
		const [body, another] = this.#bodies.get(name) ?? [];
		if (!body) return 'on';
		if (another) return this.#leavingOfCall(name);
		const key = `${place.counts} ${place.isLast} ${name}`;
		const known = this.#called.get(key);
		if (known) return known;
		// While it is looked at, it may call itself.
		this.#called.set(key, 'on');
		const going = this.#visit(body, place) === 'ended' ? 'ended' : 'on';
		this.#called.set(key, going);
		return going;
	}

	#andOr({ commands: [first, ...others], operators }: AndOr, place: Place): Going {
		if (!first) return 'on';
		const or = operators.indexOf('||');
		const handler = or === -1 ? undefined : others[or];
		const counts = handler ? this.#fails(handler, true) : place.isLast;
		const going = this.#visit(first, { counts: place.counts && counts, isLast: false });
		if (going !== 'on') return going;
		const ways = others.map((other, index) => (operators[index] === '||' && this.#fails(other, true) ? (this.#canReturn(other) ? 'returned' : 'on') : this.#leavingOf(other)));
		return farthest(ways);
	}

	/** Whether a part that runs surely fails, with what it is part of. Directly behind a failure `$?` is not 0. */
	#fails(node: SyntaxNode, isDirect: boolean, depth = 0): boolean {
		switch (node.type) {
			case 'Command': {
				const name = node.name?.value ?? '';
				const [operand] = node.args;
				if (name === 'false') return true;
				if (name === 'exit' || name === 'return') return isFailure(operand?.text) || (isDirect && (operand === undefined || /^"?\$\?"?$/.test(operand.text)));
				const bodies = this.#bodies.get(name) ?? [];
				return bodies.length === 1 && bodies[0] !== undefined && depth < 8 && this.#fails(bodies[0], false, depth + 1);
			}
			case 'Redirected':
				return this.#fails(node.command, isDirect, depth);
			case 'BraceGroup': {
				const { commands } = node.body;
				const last = commands.at(-1);
				return last !== undefined && this.#fails(last.command, isDirect && commands.length === 1, depth);
			}
			default:
				return false;
		}
	}

	#canReturn(node: SyntaxNode): boolean {
		return anyCommand(node, ({ name }) => name?.value === 'return');
	}

	/** Whether a loop's body may leave the loop. */
	#canLeave(node: SyntaxNode): boolean {
		return anyCommand(node, ({ name }) => /^(?:break|exit|return|exec|kill)$|[$`]/.test(name?.text ?? '') || this.#bodies.has(name?.value ?? ''));
	}

	/** How it may go on behind a part of which nobody knows what of it runs. What fails the script is no matter. */
	#leavingOf(node: SyntaxNode): Going {
		if (node.type === 'Subshell' || node.type === 'Script' || node.type === 'Function' || node.type === 'Coproc') return 'on';
		if (node.type === 'Pipeline' && node.commands.length > 1) return 'on';
		if (node.type === 'Statement' && node.background) return 'on';
		if (node.type === 'Command') {
			const [operand] = node.args;
			const name = node.name?.value ?? '';
			if (name === 'exit') return isFailure(operand?.text) ? 'on' : 'ended';
			if (name === 'exec' && operand) return 'ended';
			if (name === 'return') return 'returned';
			return this.#leavingOfCall(name);
		}
		const ways: Going[] = [];
		forEachChild(node, (child) => void ways.push(this.#leavingOf(child)));
		return farthest(ways);
	}

	#leavingOfCall(name: string): Going {
		const known = this.#leaving.get(name);
		if (known) return known;
		this.#leaving.set(name, 'on');
		const going = farthest((this.#bodies.get(name) ?? []).map((body) => this.#leavingOf(body))) === 'ended' ? 'ended' : 'on';
		this.#leaving.set(name, going);
		return going;
	}
}

const farthest = (ways: readonly Going[]): Going => (ways.includes('ended') ? 'ended' : ways.includes('returned') ? 'returned' : 'on');

/** A status that is written out, and is none of success. */
const isFailure = (text: string | undefined): boolean => /^["']?[1-9]\d{0,2}["']?$/.test(text ?? '');

/** `until ping -c 1 x; do …`, `while ! ping …`: what a loop without another way out waits for. */
function waitedFor({ kind, clause: { commands } }: Extract<SyntaxNode, { type: 'While' }>): SyntaxNode | undefined {
	const [first, ...others] = commands;
	if (!first || others.length > 0) return undefined;
	const { command } = first;
	const isNegated = command.type === 'Pipeline' && command.prefixes.some(({ type }) => type === 'Negation');
	if (kind === 'until') return (command.type === 'Command' || command.type === 'Pipeline') && !isNegated ? command : undefined;
	return isNegated && command.commands.length === 1 ? command.commands[0] : undefined;
}

function anyCommand(node: SyntaxNode, is: (command: Command) => boolean): boolean {
	if (node.type === 'Command' && is(node)) return true;
	let found = false;
	forEachChild(node, (child) => {
		found ||= anyCommand(child, is);
	});
	return found;
}

/** What a word is made of by substitutions that are there in any case. */
function scriptsOf({ parts = [] }: Word): readonly ParsedScript[] {
	return parts.flatMap((part) => {
		const inner = part.type === 'DoubleQuoted' ? part.parts : [part];
		return inner.flatMap((each) => (each.type === 'CommandExpansion' && each.script ? [each.script] : []));
	});
}

/** `trap '…; exit 0' EXIT`: whatever fails, the script does not. */
function isTrapThatEndsWell({ args: [action, ...signals] }: Command): boolean {
	const text = action?.text.slice(0, askedWithin) ?? '';
	return /\bexit\b(?!\s*["']?(?:[1-9]|\$))/.test(text) && signals.some((signal) => /^(?:EXIT|0|ERR)$/.test(signal.text));
}
