/** The lines by which two texts differ. */
import { diffArrays } from 'diff';

export interface LineDifference {
	/** Lines that only the newer text has, and lines that only the older one has, each in its text's order. */
	readonly added: readonly string[];
	readonly removed: readonly string[];
}

/**
 * The most edits that the search tries. Texts with more differences count as changed everywhere between their common
 * beginning and end.
 */
const maximumEdits = 1000;

/** Compares two texts line by line, by Myers' shortest edit script. */
export function linesBetween(before: string, after: string): LineDifference {
	const [old, now] = [toLines(before), toLines(after)];
	const changes = diffArrays(old, now, { maxEditLength: maximumEdits });
	if (!changes) return betweenCommonEnds(old, now);
	return {
		added: changes.flatMap(({ added, value }) => (added ? value : [])),
		removed: changes.flatMap(({ removed, value }) => (removed ? value : [])),
	};
}

function toLines(text: string): string[] {
	const lines = text.split('\n');
	if (lines.at(-1) === '') lines.pop();
	return lines;
}

function betweenCommonEnds(old: readonly string[], now: readonly string[]): LineDifference {
	const shorter = Math.min(old.length, now.length);
	let start = 0;
	while (start < shorter && old[start] === now[start]) start += 1;
	let end = 0;
	while (end < shorter - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
	return { added: now.slice(start, now.length - end), removed: old.slice(start, old.length - end) };
}
