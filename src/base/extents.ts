/** A contiguous range of a file, in bytes. */
export type Extent = readonly [offset: number, length: number];

/** Divides extents into pieces of at most `bytes` bytes, in the order in which they are read. */
export function* splitExtents(extents: readonly Extent[], bytes: number): Generator<Extent> {
	for (const [start, length] of extents) {
		for (let done = 0; done < length; done += bytes) yield [start + done, Math.min(bytes, length - done)];
	}
}

/**
 * Merges extents with gaps of less than `smallGap` bytes between them. Drops empty extents and everything beyond the end of
 * the file.
 * @param data in ascending order
 * @param bytes the file's size
 */
export function mergeExtents(data: readonly Extent[], bytes: number, smallGap: number): Extent[] {
	const merged: Extent[] = [];
	for (const [start, length] of data) {
		const end = Math.min(start + length, bytes);
		if (end <= start) continue;
		const last = merged.at(-1);
		if (last && start - (last[0] + last[1]) < smallGap) merged[merged.length - 1] = [last[0], end - last[0]];
		else merged.push([start, end - start]);
	}
	return merged;
}
