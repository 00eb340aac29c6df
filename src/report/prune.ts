/** What `prune` prints: lines for people, one object for programs. */
import { formatBytes } from '../base/format.js';
import { layOutColumns, painter } from './text.js';

/** What there is to remove: `packages` and `accelerator` are whole directories of the cache. */
export type PrunedKind = 'image' | 'packages' | 'accelerator' | 'run';

/** Something that was removed, or would be. */
export interface PrunedItem {
	readonly kind: PrunedKind;
	readonly path: string;
	/** What it occupied on the disk. */
	readonly bytes: number;
}

/** Something that was left alone, with the reason. */
export interface KeptItem {
	readonly kind: PrunedKind;
	readonly path: string;
	readonly reason: string;
}

interface Outcome {
	readonly removed: readonly PrunedItem[];
	readonly kept: readonly KeptItem[];
}

const sumOf = (removed: readonly PrunedItem[]): number => removed.reduce((sum, { bytes }) => sum + bytes, 0);

/** A line for each thing and one for the sum; ends with a newline. `list`: nothing was removed. */
export function renderPrune(outcome: Outcome, { list, color }: { readonly list: boolean; readonly color: boolean }): string {
	const paint = painter(color);
	const rows = [
		...outcome.removed.map(({ kind, path, bytes }) => [{ text: kind }, { text: path }, { text: formatBytes(bytes) }]),
		...outcome.kept.map(({ kind, path, reason }) => [
			{ text: kind },
			{ text: path },
			{ text: `kept: ${reason}`, style: 'yellow' as const },
		]),
	];
	const freed = formatBytes(sumOf(outcome.removed));
	const sum = outcome.removed.length === 0 ? 'Nothing to remove.' : list ? `${freed} would be freed.` : `${freed} freed.`;
	return `${[...layOutColumns(rows, paint), paint('bold', sum)].join('\n')}\n`;
}

/** The same for programs. */
export const pruneObject = ({ removed, kept }: Outcome, list: boolean) => ({
	schema: 1,
	list_only: list,
	freed_bytes: list ? 0 : sumOf(removed),
	removable_bytes: sumOf(removed),
	removed,
	kept,
});
