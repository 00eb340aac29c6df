/** The lines by which two texts differ. */

export interface LineDifference {
	/** Lines that only the newer text has, in its order; the same for the older one. */
	readonly added: readonly string[];
	readonly removed: readonly string[];
}

/** How many pairs of lines are compared at most; beyond them everything between the common ends counts as changed. */
const maximumPairs = 1_000_000;

/** Compares two texts line by line, by their longest common subsequence. */
export function linesBetween(before: string, after: string): LineDifference {
	const [old, now] = [toLines(before), toLines(after)];
	let start = 0;
	while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
	let end = 0;
	while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
	const [oldPart, newPart] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
	if (oldPart.length * newPart.length > maximumPairs) return { added: newPart, removed: oldPart };
	return walk(oldPart, newPart, commonLengths(oldPart, newPart));
}

const toLines = (text: string): string[] => {
	const lines = text.split('\n');
	if (lines.at(-1) === '') lines.pop();
	return lines;
};

/** For each pair of positions the length of the longest common subsequence of what follows them. */
function commonLengths(old: readonly string[], now: readonly string[]): number[][] {
	const lengths = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0));
	for (let i = old.length - 1; i >= 0; i -= 1) {
		for (let j = now.length - 1; j >= 0; j -= 1) {
			const row = lengths[i];
			const below = lengths[i + 1];
			if (!row || !below) continue;
			row[j] = old[i] === now[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
		}
	}
	return lengths;
}

function walk(old: readonly string[], now: readonly string[], lengths: readonly (readonly number[])[]): LineDifference {
	const added: string[] = [];
	const removed: string[] = [];
	let i = 0;
	let j = 0;
	while (i < old.length || j < now.length) {
		if (i < old.length && j < now.length && old[i] === now[j]) {
			i += 1;
			j += 1;
		} else if (j >= now.length || (i < old.length && (lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0))) {
			removed.push(old[i] ?? '');
			i += 1;
		} else {
			added.push(now[j] ?? '');
			j += 1;
		}
	}
	return { added, removed };
}
