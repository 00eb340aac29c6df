/** Laying out text: marks, aligned columns, quotations. Pure; colour only where it is asked for. */
import { styleText } from 'node:util';

import { lastLines, withoutControls } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { ReachedStatus } from '../outcome/state.js';

export interface TextOptions {
	/** Whether terminal colours are wanted. The caller reads `NO_COLOR`. */
	readonly color: boolean;
	/** Columns that prose is wrapped to; what is quoted keeps its own lines. */
	readonly width: number;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A text in a style, or as it is when there are to be no colours. */
export type Paint = (style: Style, text: string) => string;

/** A paint for one-line texts. The caller has decided whether to use colour, so Node does not look at the stream again. */
export const painter = (color: boolean): Paint =>
	color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;

export type AnyStatus = ReachedStatus | ScriptOutcome['status'] | 'running';

/** One character that shows a status, readable without colour too. */
export const mark = (status: AnyStatus): string =>
	({ passed: '✔', failed: '✖', 'timed-out': '✖', error: '!', 'not run': '–', 'not judged': '?', running: '…' })[status];

/** How a check ended that is not in order, for a sentence: one that could not be judged is no failure of the lab. */
export const badEnding = (status: AnyStatus): string => (status === 'error' ? 'could not be judged' : 'failed');

/** The style that a status is shown in. */
export const statusStyle = (status: AnyStatus): Style =>
	(
		({
			passed: 'green',
			failed: 'red',
			'timed-out': 'red',
			error: 'yellow',
			'not run': 'dim',
			'not judged': 'dim',
			running: 'dim',
		}) as const
	)[status];

export interface Cell {
	readonly text: string;
	readonly style?: Style;
}

/** Lines of aligned columns, two blanks apart; one line a row, nothing trailing. */
export function layOutColumns(rows: readonly (readonly Cell[])[], paint: Paint): string[] {
	const widths: number[] = [];
	for (const row of rows) {
		for (const [column, { text }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, text.length);
	}
	return rows.map((row) => {
		const last = row.findLastIndex(({ text }) => text !== '');
		const cells = row.slice(0, last + 1).map(({ text, style }, column) => {
			const blanks = ' '.repeat((widths[column] ?? 0) - text.length);
			const painted = style && text !== '' ? paint(style, text) : text;
			return column === last ? painted : painted + blanks;
		});
		return cells.join('  ');
	});
}

/** Lines of words no longer than `width`; a longer word keeps its line, since a path or command must stay whole. */
export function wrapWords(text: string, width: number): string[] {
	return text.split('\n').flatMap((paragraph) => {
		const lines: string[] = [];
		for (const word of paragraph.split(' ')) {
			const line = lines.at(-1);
			if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
			else lines.push(word);
		}
		return lines;
	});
}

/** The end of what a program wrote, each line behind a bar; no lines for nothing. */
export function quote(output: string, lineCount: number, paint: Paint): string[] {
	const text = lastLines(withoutControls(output), lineCount);
	return text === '' ? [] : text.split('\n').map((line) => `${paint('dim', '│')} ${line}`.trimEnd());
}

/** Lines moved to the right; empty ones are left empty. */
export const indented = (lines: readonly string[], by: number): string[] =>
	lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line));
