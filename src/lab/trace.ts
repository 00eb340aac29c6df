/** What a startup script did, command by command: parts of events, from which every report can be made again. */

/**
 * What became of a command that ended with another status than 0: `failing`, the script ended on it; `swallowed`, the
 * script went on as if nothing was; `condition`, the script asked (`if`, `&&`, `|| exit`), and that was the answer.
 */
export type Fate = 'failing' | 'swallowed' | 'condition';

/** A command that a script ran. */
export interface TraceStep {
	/** 1-based line of the script, or of `source`; absent where the shell does not report it. */
	readonly line?: number;
	/** The file that the command is in, where that is not the script itself. */
	readonly source?: string;
	/** As the shell saw it, everything expanded. */
	readonly command: string;
	/** How deep it is in functions, sourced files and substitutions; 0 is the script itself. */
	readonly depth: number;
	/** When it began by the guest's clock, in milliseconds since the epoch; absent for dash. */
	readonly at?: number;
	/** How long it took, in milliseconds; absent for what still ran when the script ended. */
	readonly ms?: number;
	/** Exit status, where it is known. */
	readonly status?: number;
	/** Present when the status is not 0. */
	readonly fate?: Fate;
	/** What was written between its beginning and that of the next command; of long ones the end. */
	readonly output?: string;
	/** Its own error message, in a line; only of failures. */
	readonly message?: string;
	/** It belongs to a trap. */
	readonly isTrap?: true;
}

/** How a script was traced: in full, by its commands only, or not at all. */
export type TracedShell = 'bash' | 'dash' | 'none';

export interface ScriptTrace {
	readonly shell: TracedShell;
	/** Only the end was kept: the script wrote too much. */
	readonly isCut?: true;
	/** Why it was not traced; only with `none`. */
	readonly why?: string;
	/** The line on which the script ended its trace; only where that hides what it failed with. */
	readonly endedAt?: number;
	readonly steps: readonly TraceStep[];
}

/** A place in a file that a script sources. */
export interface FailedSource {
	/** As the shell names it. */
	readonly file: string;
	/** 1-based; absent where the shell does not report it. */
	readonly line?: number;
}

/** Lines of a script around the one that it failed on. */
export interface Excerpt {
	/** 1-based line of the first. */
	readonly firstLine: number;
	readonly lines: readonly string[];
}

/** The failures that a script went on behind, in their order. */
export const swallowedSteps = (trace: ScriptTrace | undefined): readonly TraceStep[] =>
	trace?.steps.filter(({ fate }) => fate === 'swallowed') ?? [];

/** Clocks of guests are right to this many milliseconds. */
const clockTolerance = 200;

/**
 * The command that ran at a time, in milliseconds since the epoch: of those that did the one that began last, which is
 * the innermost; between two commands the one before. Undefined before the first, and after the last.
 */
export function stepAt(steps: readonly TraceStep[], epochMs: number): TraceStep | undefined {
	const timed = steps.filter((step) => step.at !== undefined);
	const [first] = timed;
	if (first?.at === undefined || epochMs < first.at - clockTolerance) return undefined;
	const endOf = ({ at = 0, ms = Infinity }: TraceStep): number => at + ms;
	if (epochMs > Math.max(...timed.map(endOf)) + clockTolerance) return undefined;
	const begun = timed.filter(({ at = 0 }) => at <= epochMs);
	return begun.findLast((step) => epochMs <= endOf(step)) ?? begun.at(-1) ?? first;
}
