/**
 * Where in its source a startup script failed, from the shell's own trace: `cloud-init/guest/run-script` has bash
 * write it to a file and dash to standard error, each line of which starts with a record separator.
 */

export interface FailurePlace {
	/** 1-based. */
	readonly failedLine?: number;
	readonly failedCommand?: string;
}

/** How a line of the trace starts: the depth in plus signs, and the line of the script. */
const traceLine = /^\x1e?\++ (\d+) (.*)$/;

/** The last command that was traced before a script ended is the one that it ended on. */
export function locateFailure(raw: { readonly output: string; readonly trace: string }): FailurePlace {
	const traced = raw.trace !== '' ? raw.trace.split('\n') : raw.output.split('\n').filter((line) => line.startsWith('\x1e'));
	const last = traced.map((line) => traceLine.exec(line)).findLast((match) => match !== null);
	// A syntax error is found by the shell as it reads on, after the last command it ran.
	const syntax = /(?:line )?(\d+):.*syntax error/i.exec(withoutTrace(raw.output));
	if (syntax) return { failedLine: Number(syntax[1]) };
	return last ? { failedLine: Number(last[1]), failedCommand: last[2] ?? '' } : {};
}

/** A script's output without the lines of a trace that had to share its standard error. */
export const withoutTrace = (output: string): string =>
	output
		.split('\n')
		.filter((line) => !line.startsWith('\x1e'))
		.join('\n');
