/**
 * Commands for the runner of GitHub Actions ("Workflow commands for GitHub Actions"), and text that it takes for none.
 */
import { oneLine, truncated } from '../base/format.js';
import type { Annotation } from './annotations.js';

/** Annotations of one severity that the runner shows of a step. */
const shownBySeverity = 10;

/** What a command's text and the values of its properties must not hold as they are. */
const escapedText = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapedValue = (text: string): string => escapedText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** The commands, a line each, that annotate files; those that the runner would not show are counted in a last one. */
export function githubCommands(annotations: readonly Annotation[]): string {
	const lines = (['error', 'warning'] as const).flatMap((severity) => {
		const all = annotations.filter((annotation) => annotation.severity === severity);
		const rest = all.length - (shownBySeverity - 1);
		if (all.length <= shownBySeverity) return all.map(command);
		return [...all.slice(0, shownBySeverity - 1).map(command), `::${severity} title=rehearse::${rest} more are in the report`];
	});
	return lines.map((line) => `${line}\n`).join('');
}

function command({ severity, file, line, title, message }: Annotation): string {
	const properties = [
		...(file === undefined ? [] : [`file=${escapedValue(file)}`]),
		...(file === undefined || line === undefined ? [] : [`line=${line}`]),
		`title=${escapedValue(truncated(oneLine(title), 200))}`,
	];
	return `::${severity} ${properties.join(',')}::${escapedText(message)}`;
}

/** The command that folds what follows, up to the one that ends it. */
export const groupBegin = (title: string): string => `::group::${escapedText(oneLine(title))}\n`;

/** The command that ends a group. */
export const groupEnd = '::endgroup::\n';

/**
 * A text in which the runner finds no command: neither `::` at the beginning of a line nor the older `##[`, which it
 * looks for anywhere. A character that nobody sees parts each of them.
 */
export const withoutCommands = (text: string): string => text.replaceAll(/^([^\S\r\n]*):(?=:)/gm, '$1:\u200b').replaceAll('##[', '##\u200b[');

/** The same for JSON, whose meaning it does not change. */
export const jsonWithoutCommands = (json: string): string => json.replaceAll('##[', '##\\u005b');
