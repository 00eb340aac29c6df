/** A stretch of a file, in bytes. */
export type Extent = readonly [offset: number, length: number];

/** The same stretches in pieces of at most `bytes` bytes, as they are read one after another. */
export function* splitExtents(extents: readonly Extent[], bytes: number): Generator<Extent> {
	for (const [start, length] of extents) {
		for (let done = 0; done < length; done += bytes) yield [start + done, Math.min(bytes, length - done)];
	}
}

/**
 * Extents with gaps of less than `smallGap` bytes between them as one; nothing beyond the end of the file, nor of no length.
 * @param data in ascending order
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
