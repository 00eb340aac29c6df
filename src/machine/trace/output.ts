/** What a startup script wrote, apart from the trace of it. */
import { commandLength, type TraceStream } from './stream.js';

/** The script turns its own trace on. */
const asksForTrace = /^set (?:.* )?(?:-\w*x|-o xtrace)/;

/** The script turns its own trace off. */
const endsTrace = /^set (?:.* )?(?:\+\w*x|\+o xtrace|-$)/;

/** The script gives its trace another look. */
const setsPrompt = /^(?:(?:export|declare|local|readonly|typeset) (?:.* )?)?'?PS4=(.*)$/s;

/** Whether the script has a trace of its own making from this command on, which tells neither processes nor statuses. */
export const changesTrace = (command: string): boolean => endsTrace.test(command) || setsPrompt.test(command);

/**
 * All that was written but the trace. What a script traces itself (`set -x`, or in its first line) went to this trace
 * instead of its standard error, and is put back as if PS4 were `+ `. With a PS4 of its own it stands there already, but
 * goes where the script has not asked for it.
 */
export function outputOf({ before, records, end }: TraceStream, script: string): string {
	const isAskedFirst = /^#!.*sh -\w*x/.test(script);
	/** Whether each process was asked to, by the script; `ended`: it will be, when it tells of one more command. */
	const asked = new Map<number, boolean | 'ended'>();
	let prompt: RegExp | undefined;
	let output = before;
	for (const { level, command, output: own, pid, parent } of records) {
		let isAsked = Boolean(asked.get(pid) ?? asked.get(parent) ?? isAskedFirst);
		if (isAsked) output += `${'+'.repeat(Math.max(1, level))} ${command}\n`;
		if (asksForTrace.test(command)) isAsked = true;
		prompt = promptPattern(command) ?? prompt;
		if (prompt) [output, isAsked] = addForeign(output, own, prompt, isAsked && !endsTrace.test(command));
		else output += own;
		asked.set(pid, endsTrace.test(command) ? 'ended' : isAsked);
	}
	return output + (end?.output ?? '');
}

/** Lines of a trace with a PS4 of the script's own: those stay that the script asked for. */
function addForeign(output: string, text: string, prompt: RegExp, wasAsked: boolean): [output: string, isAsked: boolean] {
	let [rest, kept, isAsked] = [text, output, wasAsked];
	while (rest !== '') {
		const head = prompt.exec(rest);
		const length = head ? head[0].length + commandLength(rest.slice(head[0].length)) + 1 : rest.indexOf('\n') + 1 || rest.length;
		const line = rest.slice(0, length);
		if (!head || isAsked) kept += line;
		const command = head ? line.slice(head[0].length) : '';
		if (asksForTrace.test(command)) isAsked = true;
		if (endsTrace.test(command)) isAsked = false;
		rest = rest.slice(length);
	}
	return [kept, isAsked];
}

/** What lines begin with once a command has set PS4: its first letter is repeated, and its expansions give anything. */
function promptPattern(command: string): RegExp | undefined {
	const quoted = setsPrompt.exec(command)?.[1];
	if (quoted === undefined) return undefined;
	const value = quoted.replace(/^\$?'/, '').replace(/'$/, '').replaceAll("'\\''", "'");
	const [first = '', ...others] = literalParts(value).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	const letter = /^\\?./.exec(first)?.[0];
	if (letter === undefined) return undefined;
	return new RegExp(`^(?:${letter})+${[first.slice(letter.length), ...others].join('[^\\n]*?')}`);
}

/** What stands between the expansions of a text, which may be within each other. */
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
