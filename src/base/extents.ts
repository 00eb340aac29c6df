/** A stretch of a file, in bytes. */
export type Extent = readonly [offset: number, length: number];

/** The same stretches in pieces of at most `bytes` bytes, as they are read one after another. */
export function* splitExtents(extents: readonly Extent[], bytes: number): Generator<Extent> {
	for (const [start, length] of extents) {
		for (let done = 0; done < length; done += bytes) yield [start + done, Math.min(bytes, length - done)];
	}
}
