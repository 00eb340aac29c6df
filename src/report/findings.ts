/** The findings of `check` as a person reads them in a terminal: place, severity, rule, message; below it the fix. */
import { basename, relative } from 'node:path';
import { oneLine, plural } from '../base/format.js';
import type { LeftOut, Waived } from '../lab/lab.js';
import { painter, type Paint } from './text.js';

/** Something that a rehearsal does without, as a sentence. */
export const leftOutSentence = ({ path, why }: LeftOut): string => oneLine(`${path}: ${why}`);

/** A finding that was waived, as a sentence. */
export const waivedSentence = ({ rule, path, file, line, message, why }: Waived): string =>
	oneLine(`${rule}, ${file === undefined ? path : `${basename(file)}:${line ?? 1}`}: ${message} (waived ${why})`);

/** The findings that were waived, a line each under a heading; empty where there are none. */
export const renderWaived = (waived: readonly Waived[]): string =>
	waived.length === 0 ? '' : `Waived:\n${waived.map((one) => `  note  ${waivedSentence(one)}\n`).join('')}`;

/** What a rehearsal of the plan leaves out, a line each under a heading; empty where that is nothing. */
export const renderLeftOut = (leftOut: readonly LeftOut[]): string =>
	leftOut.length === 0 ? '' : `Left out of a rehearsal:\n${leftOut.map((one) => `  note  ${leftOutSentence(one)}\n`).join('')}`;

/** An assertion that no rehearsal judges. */
export interface NotJudged {
	readonly test: string;
	readonly on_vm: string;
	/** What it asserts, as reports have it. */
	readonly assertion: string;
	readonly why: string;
}

/** Those, a line each under a heading; empty where there are none. */
export const renderNotJudged = (assertions: readonly NotJudged[]): string =>
	assertions.length === 0
		? ''
		: `Not judged in a rehearsal:\n${assertions.map(({ test, on_vm: node, assertion, why }) => `  note  ${oneLine(`${test} › ${node}: ${assertion}: ${why}`)}\n`).join('')}`;

/** What is shown of a finding; `check` gives more. */
export interface ShownFinding {
	readonly rule: string;
	readonly severity: 'error' | 'warning';
	/** Place in the plan. */
	readonly path: string;
	/** Absolute path of the file that `line` belongs to. */
	readonly file?: string;
	/** 1-based. */
	readonly line?: number;
	readonly message: string;
	readonly fix: string;
}

export interface FindingsOptions {
	readonly color: boolean;
	/** The directory that paths are shown relative to, where that is shorter. */
	readonly cwd: string;
}

/** Findings of one file under each other, in the order given, and a count at the end. Ends with a newline. */
export function renderFindings(findings: readonly ShownFinding[], options: FindingsOptions): string {
	const paint = painter(options.color);
	const byFile = new Map<string, ShownFinding[]>();
	for (const finding of findings) {
		const file = finding.file ?? '';
		const group = byFile.get(file);
		if (group) group.push(finding);
		else byFile.set(file, [finding]);
	}
	const groups = [...byFile.values()].map((group) =>
		group.map((finding) => renderFinding(finding, paint, options.cwd)).join('\n'),
	);
	const count = { error: 0, warning: 0 };
	for (const { severity } of findings) count[severity]++;
	const counts = [
		...(count.error > 0 ? [paint('red', plural(count.error, 'error'))] : []),
		...(count.warning > 0 ? [paint('yellow', plural(count.warning, 'warning'))] : []),
	];
	return [...groups, `${counts.join(', ') || 'no findings'}\n`].join('\n\n');
}

function renderFinding(finding: ShownFinding, paint: Paint, cwd: string): string {
	const { severity, rule, path, message, fix } = finding;
	const head = `${paint('bold', placeOf(finding, cwd))}  ${paint(severity === 'error' ? 'red' : 'yellow', severity)}  ${rule}  ${path}: ${message}`;
	return `${head}\n    ${paint('cyan', fix)}`;
}

function placeOf({ file, line, path }: ShownFinding, cwd: string): string {
	if (file === undefined) return path;
	const fromHere = relative(cwd, file);
	const shown = fromHere.length < file.length && !fromHere.startsWith('../..') ? fromHere : file;
	return line === undefined ? shown : `${shown}:${line}`;
}
