/** `rehearse trace`: what the startup scripts of a node did, command by command, as a table and as JSON. */
import { formatMs, oneLine, truncated, withoutControls } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { TraceStep } from '../lab/trace.js';
import { scriptFailure } from './checks.js';
import {
	indented,
	layOutColumns,
	painter,
	quote,
	type Cell,
	type Paint,
	type Style,
	type TextOptions,
} from './text.js';

/** A node's traced scripts, and the run that they are of. */
export interface NodeTrace {
	/** Directory of the run. */
	readonly run: string;
	readonly lab: string;
	readonly node: string;
	/** From this on a command is slow, in milliseconds. */
	readonly slowMs: number;
	readonly scripts: readonly ScriptOutcome[];
}

/** Lines that are quoted of what a failed command wrote. */
const quotedLines = 10;

const marks: Readonly<Record<'failing' | 'swallowed' | 'slow', { readonly sign: string; readonly style: Style; readonly means: string }>> = {
	failing: { sign: '✖', style: 'red', means: 'the script ended on it' },
	swallowed: { sign: '!', style: 'yellow', means: 'it failed, and the script went on' },
	slow: { sign: '~', style: 'yellow', means: 'it took its time' },
};

type Mark = keyof typeof marks;

/** The scripts as tables, for a person; ends in a newline. */
export function renderTrace(trace: NodeTrace, { color, width }: TextOptions): string {
	const paint = painter(color);
	const sections = trace.scripts.map((script) => renderScript(script, trace, width, paint));
	const used = new Set(trace.scripts.flatMap((script) => script.trace?.steps.map((step) => markOf(step, trace.slowMs)) ?? []));
	const legend = Object.entries(marks).flatMap(([mark, { sign, style, means }]) =>
		used.has(mark as Mark) ? [`${paint(style, sign)} ${means}${mark === 'slow' ? ` (${formatMs(trace.slowMs)} or more)` : ''}`] : [],
	);
	return `${[...sections, [...legend, paint('dim', `run: ${trace.run}`)]].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function renderScript(outcome: ScriptOutcome, { slowMs, node }: NodeTrace, width: number, paint: Paint): string[] {
	const ended = outcome.status === 'passed' ? `passed in ${formatMs(outcome.ms)}` : scriptFailure(outcome);
	const heading = paint('bold', `${node}: ${outcome.script} ${ended}`);
	const { trace } = outcome;
	if (!trace) return [heading, '  it was not traced'];
	if (trace.why !== undefined) return [heading, `  it was not traced: ${trace.why}`];
	const notes = [
		...(trace.isCut ? ['it wrote too much: only the end was kept'] : []),
		...(trace.shell === 'dash' ? ['sh(1) traces neither times nor lines: a line is shown where the script has the same words'] : []),
	];
	const began = trace.steps.find(({ at }) => at !== undefined)?.at ?? 0;
	const head = ['', 'line', 'start', 'took', 'status', 'command'].map((text): Cell => ({ text, style: 'dim' }));
	const rows = [head, ...trace.steps.map((step) => row(step, began, slowMs, width))];
	const lines = layOutColumns(alignRight(withoutBlankColumns(rows), [1, 2, 3, 4]), paint);
	return [
		heading,
		...indented(notes, 2),
		...indented([lines[0] ?? '', ...trace.steps.flatMap((step, index) => [lines[index + 1] ?? '', ...evidence(step, paint)])], 2),
	];
}

function row(step: TraceStep, began: number, slowMs: number, width: number): Cell[] {
	const mark = markOf(step, slowMs);
	const style = mark ? { style: marks[mark].style } : {};
	const command = oneLine(step.source === undefined ? step.command : `${step.command}  (${step.source})`);
	return [
		{ text: mark ? marks[mark].sign : '', ...style },
		{ text: step.line === undefined ? (step.isTrap ? 'trap' : '') : String(step.line) },
		{ text: step.at === undefined ? '' : formatMs(step.at - began), style: 'dim' },
		{ text: step.ms === undefined ? '' : formatMs(step.ms), ...(mark === 'slow' ? style : {}) },
		{ text: step.status === undefined ? '' : String(step.status), ...(mark === 'slow' ? {} : style) },
		{ text: '  '.repeat(step.depth) + truncated(command, Math.max(30, width - 42 - 2 * step.depth)), ...(mark === 'slow' ? {} : style) },
	];
}

function markOf({ fate, ms = 0 }: TraceStep, slowMs: number): Mark | undefined {
	if (fate === 'failing' || fate === 'swallowed') return fate;
	return ms >= slowMs ? 'slow' : undefined;
}

/** What a failed command wrote; its message where its output was traced with another. */
function evidence({ fate, output = '', message }: TraceStep, paint: Paint): string[] {
	if (fate !== 'failing' && fate !== 'swallowed') return [];
	return indented(quote(output.trim() === '' ? (message ?? '') : output, quotedLines, paint), 8);
}

/** dash traces no times: then there are no columns for them. */
const withoutBlankColumns = (rows: readonly (readonly Cell[])[]): Cell[][] =>
	rows.map((cells) => cells.filter((_cell, index) => rows.slice(1).some((other) => other[index]?.text)));

function alignRight(rows: readonly (readonly Cell[])[], columns: readonly number[]): Cell[][] {
	const widths = columns.map((column) => Math.max(...rows.map((cells) => cells[column]?.text.length ?? 0)));
	return rows.map((cells) =>
		cells.map((cell, index) => {
			const place = columns.indexOf(index);
			return place === -1 || index === cells.length - 1 ? cell : { ...cell, text: cell.text.padStart(widths[place] ?? 0) };
		}),
	);
}

/** The scripts as one JSON object; times in milliseconds, `start_ms` since the epoch by the guest's clock. */
export const traceJson = (trace: NodeTrace): string => `${JSON.stringify(traceObject(trace), undefined, '\t')}\n`;

/** That object. */
export const traceObject = ({ run, lab, node, slowMs, scripts }: NodeTrace) => ({
	schema: 1,
	run,
	lab,
	node,
	scripts: scripts.map(({ script, status, exitCode, ms, trace }) => ({
		script,
		status,
		exit_code: exitCode ?? null,
		ms,
		traced_by: trace?.shell ?? ('none' as const),
		...(trace?.why === undefined ? {} : { not_traced_because: trace.why }),
		is_cut: trace?.isCut ?? false,
		steps: (trace?.steps ?? []).map((step) => stepInJson(step, slowMs)),
	})),
});

const stepInJson = (step: TraceStep, slowMs: number) => ({
	line: step.line ?? null,
	...(step.source === undefined ? {} : { source: step.source }),
	command: withoutControls(step.command),
	depth: step.depth,
	start_ms: step.at ?? null,
	ms: step.ms ?? null,
	exit_code: step.status ?? null,
	...(step.fate === undefined ? {} : { failure: step.fate }),
	...(step.message === undefined ? {} : { message: withoutControls(step.message) }),
	...(step.output === undefined ? {} : { output: withoutControls(step.output) }),
	...(step.isTrap ? { trap: true } : {}),
	slow: (step.ms ?? 0) >= slowMs,
});
