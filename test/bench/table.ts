/** The benchmark's table for people. Pure. */
import { formatMs } from '../../src/base/format.js';
import type { FigureResult, Target, Unit } from './figures.js';

/** Bytes as disks and the targets count them: `317 MB`, `2.17 GB`. */
const formatDecimal = (bytes: number): string =>
	bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;

/** A value in its unit. */
export function formatValue(value: number, unit: Unit): string {
	if (unit === 'bytes') return formatDecimal(value);
	if (unit === 'cpu-seconds') return `${value.toFixed(value < 10 ? 1 : 0)} CPU s`;
	return formatMs(value);
}

/** A part of the baseline as people write it: `1/7.9`, or `1.2×` when it is more. */
export const formatPart = (part: number): string =>
	part > 0 && part < 1 ? `1/${trimmed(1 / part)}` : `${trimmed(part)}×`;

const trimmed = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

/** A target as text. */
export function formatTarget(target: Target | undefined, unit: Unit): string {
	return [
		...(target?.atMost === undefined ? [] : [`≤ ${formatValue(target.atMost, unit)}`]),
		...(target?.ofByHand === undefined ? [] : [`≤ ${formatPart(target.ofByHand)}`]),
		...(target?.ofStock === undefined ? [] : [`≤ ${formatPart(target.ofStock)} of stock`]),
	].join(', ');
}

const header = ['', 'median', 'min', 'max', 'runs', 'of by hand', 'of stock', 'target', ''];

/** The columns that hold figures. */
const isRight = (column: number): boolean => column >= 1 && column <= 6;

/** The table; ends with a newline. */
export function renderTable(results: readonly FigureResult[]): string {
	const rows = results.map(({ title, unit, summary, ofByHand, ofStock, target, met }) => [
		title,
		formatValue(summary.median, unit),
		formatValue(summary.min, unit),
		formatValue(summary.max, unit),
		String(summary.runs),
		...[ofByHand, ofStock].map((part) => (part === undefined ? '' : formatPart(part))),
		formatTarget(target, unit),
		met === undefined ? '' : met ? '✔' : '✖',
	]);
	const table = [header, ...rows];
	const widths = header.map((_title, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
	const lines = table.map((row) =>
		row
			.map((cell, column) => (isRight(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
			.join('  ')
			.trimEnd(),
	);
	return `${lines.join('\n')}\n`;
}
