/** A startup script line by line, with what its trace has of each. */
import { lastLines } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { ScriptSource } from '../lab/script-source.js';
import type { TraceStep } from '../lab/trace.js';
import type { RunState } from '../outcome/state.js';
import { slowMs } from './bars.js';
import { place, shown, shownEnd, shownLine } from './shown.js';

export type LineMark = 'failing' | 'swallowed' | 'slow';

export interface SourceLine {
	/** From 1. */
	readonly number: number;
	readonly text: string;
	/** Absent where no command of the line was traced. */
	readonly ran?: {
		/** Commands. */
		readonly count: number;
		/** When the first one began, in milliseconds from the script's first command; absent for dash. */
		readonly at?: number;
		readonly ms?: number;
		/** The last status that was not 0, or else 0; absent where none is known. */
		readonly status?: number;
	};
	readonly mark?: LineMark;
	/** What was written while it ran, or the message of its failure. */
	readonly output: string;
	/** As the shell saw the command, where that failed and differs from the line. */
	readonly expanded?: string;
}

/** Lines and characters of output below a line: of one that failed, of any other. */
const quoted = { failed: [12, 1500], passed: [3, 300] } as const;

/** The lines of a script; of one that was kept without its source those around the failure. */
export function sourceLines(outcome: ScriptOutcome, source: ScriptSource | undefined): readonly SourceLine[] {
	const own = (outcome.trace?.steps ?? []).filter(({ source: file, line }) => file === undefined && line !== undefined);
	const began = own.find(({ at }) => at !== undefined)?.at;
	const byLine = new Map<number, TraceStep[]>();
	for (const step of own) {
		const steps = byLine.get(step.line ?? 0);
		if (steps) steps.push(step);
		else byLine.set(step.line ?? 0, [step]);
	}
	const firstLine = source ? 1 : (outcome.excerpt?.firstLine ?? 1);
	const lines = source ? source.text.replace(/\n$/, '').split('\n') : (outcome.excerpt?.lines ?? []);
	return lines.map((text, index) => {
		const number = firstLine + index;
		return sourceLine(number, text, byLine.get(number) ?? [], { began, isFailed: number === outcome.failedLine });
	});
}

interface LineContext {
	readonly began: number | undefined;
	readonly isFailed: boolean;
}

function sourceLine(number: number, text: string, steps: readonly TraceStep[], { began, isFailed }: LineContext): SourceLine {
	const bad = steps.findLast(({ fate }) => fate === 'failing') ?? steps.findLast(({ fate }) => fate === 'swallowed');
	// What a substitution on the line does is a part of its command.
	const least = steps.reduce((lowest, { depth }) => Math.min(lowest, depth), Infinity);
	const own = steps.filter(({ depth }) => depth === least);
	const times = own.flatMap(({ ms }) => ms ?? []);
	const ms = times.length === 0 ? undefined : times.reduce((sum, one) => sum + one, 0);
	const mark = isFailed ? 'failing' : bad?.fate === 'failing' || bad?.fate === 'swallowed' ? bad.fate : (ms ?? 0) >= slowMs ? 'slow' : undefined;
	const status = bad?.status ?? own.findLast((step) => step.status !== undefined)?.status;
	const at = steps[0]?.at;
	const expanded = bad && shownLine(bad.command, 400);
	return {
		number,
		text: shown(text).replaceAll('\t', '    '),
		...(steps.length === 0
			? {}
			: {
					ran: {
						count: own.length,
						...(at === undefined || began === undefined ? {} : { at: Math.max(0, at - began) }),
						...(ms === undefined ? {} : { ms }),
						...(status === undefined ? {} : { status }),
					},
				}),
		...(mark === undefined ? {} : { mark }),
		...(expanded === undefined || text.includes(expanded) ? {} : { expanded }),
		output: outputOf(steps, bad),
	};
}

function outputOf(steps: readonly TraceStep[], bad: TraceStep | undefined): string {
	if (bad) return shownEnd(bad.output?.trim() ? bad.output : (bad.message ?? ''), ...quoted.failed);
	const output = steps.map((step) => step.output ?? '').join('');
	return output.trim() === '' ? '' : lastLines(shownEnd(output, ...quoted.passed), quoted.passed[0]);
}

/** Traced commands of which no line of the script is known, worth showing: all that failed, and the slow ones. */
export const stepsElsewhere = ({ trace }: ScriptOutcome): readonly TraceStep[] =>
	(trace?.steps ?? []).filter(
		({ line, source, fate, ms = 0 }) => (line === undefined || source !== undefined) && (fate === 'failing' || fate === 'swallowed' || ms >= slowMs),
	);

/** Where a link to a line of a script leads: to the line where the page has it, to the script where not. */
export function lineHref({ nodes, sources }: Pick<RunState, 'nodes' | 'sources'>, node: string, script: string, line: number | undefined): string {
	const outcome = nodes.find(({ name }) => name === node)?.scripts.find((record) => record.script === script)?.outcome;
	const source = sources.find((one) => one.node === node && one.script === script);
	const isThere = line !== undefined && outcome !== undefined && hasLine(outcome, source, line);
	return `#${isThere ? place.line(node, script, line) : place.script(node, script)}`;
}

function hasLine({ excerpt }: ScriptOutcome, source: ScriptSource | undefined, line: number): boolean {
	const firstLine = source ? 1 : (excerpt?.firstLine ?? 1);
	const count = source ? source.text.replace(/\n$/, '').split('\n').length : (excerpt?.lines.length ?? 0);
	return firstLine <= line && line < firstLine + count;
}
