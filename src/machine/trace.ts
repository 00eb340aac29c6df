/**
 * Where in its source a startup script failed, from the shell's own trace: `cloud-init/guest/run-script` has bash
 * write it to a file and dash to standard error, each line of which starts with a record separator.
 */

export interface FailurePlace {
	/** 1-based. */
	readonly failedLine?: number;
	readonly failedCommand?: string;
}

/** A line of bash's trace: the depth in plus signs, the line of the script, the command. */
const bashLine = /^\++ (\d+) (.*)$/;

/** A line of dash's, which shares standard error; Debian's dash is built without line numbers. */
const dashLine = /^\x1e\++ (\d*) (.*)$/;

/** What a shell says of its own script; a syntax error is found as it reads on, after the last command it ran. */
const syntaxError = /^\S*\/startup\/\S+: (?:line )?(\d+): (?:syntax error|unexpected EOF)/im;

/** The last command that was traced before a script ended is the one that it ended on. */
export function locateFailure(raw: { readonly output: string; readonly trace: string }): FailurePlace {
	const syntax = syntaxError.exec(raw.output);
	if (syntax) return { failedLine: Number(syntax[1]) };
	const [text, pattern] = raw.trace === '' ? [raw.output, dashLine] : [raw.trace, bashLine];
	const last = text
		.split('\n')
		.map((line) => pattern.exec(line))
		.findLast((match) => match !== null);
	if (!last) return {};
	return { ...(last[1] ? { failedLine: Number(last[1]) } : {}), failedCommand: last[2] ?? '' };
}

/**
 * The place with its line found in the script's text, where the trace told none: when exactly one line holds the
 * command as it was run. Expansions make the two differ, and then nobody knows.
 */
export function findLine(place: FailurePlace, script: string): FailurePlace {
	const { failedLine, failedCommand } = place;
	if (failedLine !== undefined || !failedCommand) return place;
	const found = script.split('\n').flatMap((line, index) => (line.includes(failedCommand) ? [index + 1] : []));
	return found.length === 1 && found[0] !== undefined ? { ...place, failedLine: found[0] } : place;
}

/** A script's output without the lines of a trace that had to share its standard error. */
export const withoutTrace = (output: string): string =>
	output
		.split('\n')
		.filter((line) => !line.startsWith('\x1e'))
		.join('\n');
