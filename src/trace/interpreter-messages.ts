/** Reads the line and the file from the message that an interpreter ends a script with. */
import type { Ran } from './shell-process.js';

/** A place that an interpreter names. */
export interface NamedPlace {
	/** Undefined for the script itself. */
	readonly file: string | undefined;
	readonly line: number;
	/** What was wrong there, where the interpreter quotes or describes it. */
	readonly command?: string;
}

/** Whether a file is a startup script, by its place. */
export const isScript = (file: string): boolean => /\/startup\/[^/]+$/.test(file);

/** A syntax error is found as the shell reads on, after the last command that it ran. */
const syntaxError = /^(\S*\/startup\/.+?): (?:line )?(\d+): (?:.*?: )?(?:syntax error(?! in expression|: (?:operand|invalid arithmetic))|unexpected EOF)/i;

/** How much of a line is read, in characters: messages of shells begin with the place. */
const lineLimit = 400;

const linesOf = (output: string): string[] => output.trimEnd().split('\n').map((line) => line.slice(0, lineLimit));

/** The message that a shell ends with; for an unset variable it names no command, only the line. */
const lastMessage = /^(\S[^\n]*?): (?:line )?(\d+): /;

/** The line at which the shell found a syntax error. */
export function syntaxErrorIn(output: string, sources: ReadonlySet<string>): number | undefined {
	for (const each of linesOf(output)) {
		const [, file = '', line] = syntaxError.exec(each) ?? [];
		if (line !== undefined && !sources.has(file)) return Number(line);
	}
	return undefined;
}

/** The place that a shell names in its last message, if it is in the script or in a file that is known to be sourced. */
export function placeInLastMessage(output: string, sources: ReadonlySet<string>): NamedPlace | undefined {
	const [, file, line] = lastMessage.exec(linesOf(output).at(-1) ?? '') ?? [];
	if (file === undefined || line === undefined) return undefined;
	if (sources.has(file)) return { file, line: Number(line) };
	return isScript(file) ? { file: undefined, line: Number(line) } : undefined;
}

/** Messages of bash about words that it cannot expand. */
const refusal = /: (?:syntax error(?: in expression|: (?:operand|invalid arithmetic))|division by 0|bad substitution|value too great for base|bad array subscript|[^\n]*: unbound variable|arithmetic syntax error|expression recursion|attempted assignment to non-variable|invalid (?:number|integer constant|arithmetic base))|: unbound variable$/;

/** The place of a command that the shell has just refused to evaluate. */
export function refusalIn(output: string, sources: () => ReadonlySet<string>): NamedPlace | undefined {
	if (output === '') return undefined;
	return refusal.test(linesOf(output).at(-1) ?? '') ? placeInLastMessage(output, sources()) : undefined;
}

/** Messages of bash about files that it cannot redirect to or from. */
const failedOpen = /: (?:No such file or directory|Permission denied|Operation not permitted|(?:Is|Not) a directory|Read-only file system|No such device or address|Text file busy|Too many open files|Bad file descriptor|cannot overwrite existing file|ambiguous redirect)$/;

/**
 * Where a redirection is that the shell could not make, if not at this command: one of a group, a loop, a choice or a
 * subshell, whose redirections bash does not trace.
 */
export function failedOpenBeside({ record, line, place }: Ran, output: string, sources: () => ReadonlySet<string>): NamedPlace | undefined {
	if (!failedOpen.test(linesOf(output).at(-1) ?? '')) return undefined;
	const named = placeInLastMessage(output, sources());
	if (!named || (named.file ?? '') !== record.source) return named;
	const [first, last] = place?.reported ?? [record.line, record.line];
	const isThere = named.line === line || named.line === record.line || (named.line >= first && named.line <= last);
	return isThere ? undefined : named;
}

/** Files that a script's commands are known to be in, or were read by name, which may be the script's own. */
export function sourcesOf(commands: readonly Ran[]): ReadonlySet<string> {
	const read = commands.flatMap(({ record: { command } }) => /^(?:\.|source) '?([^\s']+)/.exec(command)?.[1] ?? []).filter((file) => !isScript(file));
	return new Set([...commands.map(({ record }) => record.source).filter((source) => source !== ''), ...read]);
}
