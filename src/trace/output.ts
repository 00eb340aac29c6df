/** What a startup script wrote, apart from the trace of it. */
import { commandLength } from './command-length.js';
import type { TraceStream } from './stream.js';

/** The script turns its own trace on. */
const asksForTrace = /^set (?:.* )?(?:-\w*x|-o xtrace)/;

/** The script turns its own trace off. */
const endsTrace = /^set (?:.* )?(?:\+\w*x|\+o xtrace|-$)/;

/** The script gives its trace another look. */
const setsPrompt = /^(?:(?:export|declare|local|readonly|typeset) (?:.* )?)?'?PS4=(.*)$/s;

/** Whether the script has a trace of its own making from this command on, which has neither processes nor statuses. */
export const changesTrace = (command: string): boolean => endsTrace.test(command) || setsPrompt.test(command);

/**
 * Whether the text of a script turns a trace on. What it restores (`$XTRACE`, `eval "$old"`, `local -`) is on only because
 * the script is traced here.
 */
function turnsTraceOn(script: string): boolean {
	if (/^#!.*sh[ \t](?:.*[ \t])?-\w*x/.test(firstLineOf(script))) return true;
	const commands = script.replaceAll('\\\n', ' ').match(/\bset(?=[ \t])[^\n;|&#]*/g) ?? [];
	return commands.some((command) => /[ \t]["']?(?:-\w*x|-o[ \t]+xtrace|-\w*\$|\$\{\w+:?\+-\w*x)/.test(command));
}

/** As much of it as the kernel reads, at least. */
const firstLineOf = (script: string): string => script.slice(0, 300).split('\n', 1)[0] ?? '';

/** A script that shows nothing of the end of its trace. */
const hiddenEnd = /\{\s*set \+x;?\s*\} *(?:2|&)> *\/dev\/null/g;

/** Whether a script ends its trace so that this itself is not seen, wherever it does. */
const hidesEnd = (script: string): boolean => script.includes('/dev/null') && !/\bset \+\w*x/.test(script.replaceAll(hiddenEnd, ''));

/** What a script does with its own trace. */
interface Asking {
	readonly mayAsk: boolean;
	readonly hidesEnd: boolean;
}

/**
 * All that was written but the trace. What a script traces itself (`set -x`, or in its first line) went to this trace
 * instead of its standard error, and is put back as if PS4 were `+ `. With a PS4 of its own it is there already, but
 * goes where the script has not asked for it.
 */
export function outputOf({ before, records, end }: TraceStream, script: string): string {
	const isAskedFirst = /^#!.*sh -\w*x/.test(firstLineOf(script));
	const own: Asking = { mayAsk: turnsTraceOn(script), hidesEnd: hidesEnd(script) };
	/** Whether each process was asked to, by the script; `ended`: it will be, when it writes one more record. */
	const asked = new Map<number, boolean | 'ended'>();
	let prompt: Prompt | undefined;
	let output = before;
	for (const { level, command, output: written, pid, parent, source } of records) {
		// What other files do is not known from the text.
		const asking = source === '' ? own : { mayAsk: true, hidesEnd: false };
		let isAsked = Boolean(asked.get(pid) ?? asked.get(parent) ?? isAskedFirst);
		const isEnded = endsTrace.test(command);
		if (isAsked && !(isEnded && asking.hidesEnd)) output += `${'+'.repeat(Math.max(1, level))} ${command}\n`;
		if (asksForTrace.test(command) && asking.mayAsk) isAsked = true;
		prompt = promptOf(command) ?? prompt;
		if (prompt) [output, isAsked] = addForeign(output, written, prompt, isAsked && !isEnded, asking);
		else output += written;
		asked.set(pid, isEnded ? asking.mayAsk && 'ended' : isAsked);
	}
	return output + (end?.output ?? '');
}

/** A command in a trace of the script's own making is taken to be no longer, where it has several lines. */
const foreignLimit = 8192;

/** How long such a command is with the end of its line, given the beginning of what there is and the length of its first line. */
function foreignLength(text: string, lineLength: number): number {
	const length = commandLength(text) + 1;
	return length > foreignLimit ? lineLength : length;
}

/** Lines of a trace with a PS4 of the script's own: those are kept that the script asked for. */
function addForeign(output: string, text: string, prompt: Prompt, wasAsked: boolean, asking: Asking): [output: string, isAsked: boolean] {
	let [rest, kept, isAsked, isEnded] = [text, output, wasAsked, false];
	while (rest !== '') {
		const lineEnd = rest.indexOf('\n') + 1 || rest.length;
		const head = headLength(rest.slice(0, lineEnd), prompt);
		const length = head === undefined ? lineEnd : head + foreignLength(rest.slice(head, head + foreignLimit), lineEnd - head);
		const line = rest.slice(0, length);
		// With the trace ended, what turns it on again is not traced itself.
		if (head !== undefined && isEnded) isAsked = asking.mayAsk;
		const command = head === undefined ? '' : line.slice(head).trimEnd();
		if (head !== undefined) isEnded = endsTrace.test(command);
		if (head === undefined || (isAsked && !(isEnded && asking.hidesEnd))) kept += line;
		if (asksForTrace.test(command) && asking.mayAsk) isAsked = true;
		if (isEnded) isAsked = false;
		rest = rest.slice(length);
	}
	return [kept, isAsked];
}

/** The text of a PS4 beside its expansions. */
interface Prompt {
	/** Its first letter, which is repeated, and how often the PS4 itself has it. */
	readonly letter: string;
	readonly repeated: number;
	/** What is behind that, up to the first expansion. */
	readonly first: string;
	/** What is between the others, and behind them. */
	readonly others: readonly string[];
}

/** How long the beginning of a line is that a PS4 made: its expansions give anything. */
function headLength(line: string, { letter, repeated, first, others }: Prompt): number | undefined {
	if (line[0] !== letter) return undefined;
	let at = lengthOfRun(line);
	if (at < repeated || !line.startsWith(first, at)) return undefined;
	at += first.length;
	for (const part of others) {
		const found = line.indexOf(part, at);
		if (found === -1) return undefined;
		at = found + part.length;
	}
	return at;
}

/** How often a text has its first letter before any other. */
function lengthOfRun(text: string): number {
	let length = 0;
	while (length < text.length && text[length] === text[0]) length++;
	return length;
}

/** What lines begin with once a command has set PS4. */
function promptOf(command: string): Prompt | undefined {
	const quoted = setsPrompt.exec(command)?.[1];
	if (quoted === undefined) return undefined;
	const value = quoted.replace(/^\$?'/, '').replace(/'$/, '').replaceAll("'\\''", "'");
	const [first = '', ...others] = literalParts(value);
	const repeated = lengthOfRun(first);
	return first === '' ? undefined : { letter: first.slice(0, 1), repeated, first: first.slice(repeated), others: others.filter((part) => part !== '') };
}

/** What is between the expansions of a text, which may be within each other. */
function literalParts(text: string): string[] {
	const parts: string[] = [''];
	let depth = 0;
	for (let at = 0; at < text.length; at++) {
		const [simple] = /^(?:\$(?:\w+|[?$!#@*-])|\\[a-zA-Z])/.exec(text.slice(at, at + 64)) ?? [];
		if (/^\$[{(]/.test(text.slice(at, at + 2)) || (depth > 0 && '{('.includes(text[at] ?? ''))) {
			if (depth === 0) parts.push('');
			if (text[at] === '$') at++;
			depth++;
		} else if (depth > 0) {
			if ('})'.includes(text[at] ?? '')) depth--;
		} else if (simple !== undefined) {
			parts.push('');
			at += simple.length - 1;
		} else parts.push(`${parts.pop() ?? ''}${text[at] ?? ''}`);
	}
	return parts;
}
