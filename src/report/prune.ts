/** What `prune` prints: lines for people, one object for programs. */
import { formatAge, formatBytes, plural } from '../base/format.js';
import type { CheckpointKind } from '../lab/events.js';
import { layOutColumns, painter, type Cell } from './text.js';

/** What there is to remove: `packages` and `accelerator` are whole directories of the cache. */
export type PrunedKind = 'image' | 'layer' | 'iso-base' | 'iso' | 'checkpoint' | 'packages' | 'accelerator' | 'host-keys' | 'run';

/** What a checkpoint is of; times as in ISO 8601. */
export type PrunedCheckpoint = { readonly used_at: string } & (
	| { readonly kind: CheckpointKind; readonly lab: string; readonly nodes: readonly string[]; readonly saved_at: string }
	| { readonly damaged: string }
);

/** Something that was removed, or would be. */
export interface PrunedItem {
	readonly kind: PrunedKind;
	readonly path: string;
	/** What it occupied on the disk. */
	readonly bytes: number;
	/** With a checkpoint; not with what is left of an unfinished one. */
	readonly checkpoint?: PrunedCheckpoint;
}

/** Something that was left alone, with the reason. */
export interface KeptItem extends PrunedItem {
	readonly reason: string;
}

interface Outcome {
	readonly removed: readonly PrunedItem[];
	readonly kept: readonly KeptItem[];
}

const sumOf = (removed: readonly PrunedItem[]): number => removed.reduce((sum, { bytes }) => sum + bytes, 0);

export interface RenderPruneOptions {
	/** Nothing was removed. */
	readonly list: boolean;
	readonly color: boolean;
	/** What ages are counted to, in milliseconds since the epoch. */
	readonly now: number;
}

/** A line for each thing and one for the sum; ends with a newline. */
export function renderPrune(outcome: Outcome, { list, color, now }: RenderPruneOptions): string {
	const paint = painter(color);
	const row = (item: PrunedItem, more: Cell): Cell[] => [
		{ text: item.kind },
		{ text: item.path },
		{ text: formatBytes(item.bytes) },
		{ text: item.checkpoint ? describe(item.checkpoint, now) : '' },
		more,
	];
	const rows = [
		...outcome.removed.map((item) => row(item, { text: '' })),
		...outcome.kept.map((item) => row(item, { text: `kept: ${item.reason}`, style: 'yellow' })),
	];
	const freed = formatBytes(sumOf(outcome.removed));
	const sum = outcome.removed.length === 0 ? 'Nothing to remove.' : list ? `${freed} would be freed.` : `${freed} freed.`;
	return `${[...layOutColumns(rows, paint), paint('bold', sum)].join('\n')}\n`;
}

function describe(checkpoint: PrunedCheckpoint, now: number): string {
	const ago = (time: string): string => formatAge(now - Date.parse(time));
	if ('damaged' in checkpoint) return `damaged: ${checkpoint.damaged}`;
	const { kind, lab, nodes, saved_at: savedAt, used_at: usedAt } = checkpoint;
	const machines = nodes.length === 1 ? nodes[0] : plural(nodes.length, 'node');
	return `${lab}: ${machines}, ${kind} ${ago(savedAt)}, used ${ago(usedAt)}`;
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
