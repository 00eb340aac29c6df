/** Differences between two state snapshots of a machine, as sentences. */
import { oneLine, truncated } from '../base/format.js';
import type { Difference } from '../lab/state-snapshot.js';

/** Lines of a text that are quoted each way. */
const quotedLines = 3;

/** Columns of a line that is quoted. */
const lineWidth = 120;

/** `file /etc/hosts: added "10.71.0.10 web"`, `unit pages.service is gone (was active)`; one line, no full stop. */
export const differenceSentence = (difference: Difference): string => oneLine(sentenceOf(difference));

/** How many differences of one machine or script are shown in a text; all of them are in the result object. */
export const maximumDifferences = 20;

/** The sentences of the first differences, and `and 3 more` where that is not all: a script may well have made 50,000 files. */
export function shownDifferences<D>(differences: readonly D[], sentence: (difference: D) => string): string[] {
	const shown = differences.slice(0, maximumDifferences).map(sentence);
	const rest = differences.length - shown.length;
	return rest > 0 ? [...shown, `and ${rest} more`] : shown;
}

function sentenceOf(difference: Difference): string {
	const { kind, subject, change, before, after } = difference;
	if (kind === 'file') return fileSentence(difference);
	const name = kind === 'port' ? `port ${subject}` : `${kind} ${subject}`;
	if (kind === 'unit') return unitSentence(name, before, after);
	const [came, went] = kind === 'port' ? ['is listened on', 'is listened on no more'] : ['is new', 'is gone'];
	if (change === 'added') return `${name} ${came}${kind === 'package' && after !== undefined ? `: ${after}` : ''}`;
	if (change === 'removed') return `${name} ${went}`;
	return `${name}: ${before ?? ''} → ${after ?? ''}`;
}

function unitSentence(name: string, before: string | undefined, after: string | undefined): string {
	if (before === undefined) return `${name} is ${after}`;
	return `${name} is ${after ?? 'not active'} (was ${before})`;
}

/** A link into a directory of units that a unit wants: that is what enabling it makes (systemctl(1)). */
const enabledLink = /^\/etc\/systemd\/system\/[^/]+\.(?:wants|requires)\/([^/]+)$/;

function fileSentence({ subject, change, before, after, addedLines, removedLines }: Difference): string {
	const enabled = enabledLink.exec(subject)?.[1];
	if (enabled !== undefined && change !== 'changed') return `unit ${enabled} is ${change === 'added' ? '' : 'not '}enabled (${subject})`;
	if (change === 'added') return `${after ?? 'file'} ${subject} is new`;
	if (change === 'removed') return `${before ?? 'file'} ${subject} is gone`;
	const lines = [
		...(addedLines ? [`added ${quoted(addedLines)}`] : []),
		...(removedLines ? [`removed ${quoted(removedLines)}`] : []),
	];
	const attributes = before === undefined || after === undefined ? [] : [`${before} → ${after}`];
	const reported = [...lines, ...attributes];
	return reported.length === 0 ? `file ${subject} has another content` : `file ${subject}: ${reported.join('; ')}`;
}

function quoted(lines: readonly string[]): string {
	const shown = lines.slice(0, quotedLines).map((line) => JSON.stringify(truncated(oneLine(line), lineWidth)));
	const rest = lines.length - shown.length;
	return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
