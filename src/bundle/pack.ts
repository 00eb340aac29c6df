/** Writing a bundle. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { sha256 } from '../base/hash.js';
import { manifestName, type BundledFile, type BundleManifest } from './manifest.js';
import { tarEnd, tarHeader, tarPadding } from './tar.js';

/** A file that goes into a bundle. */
export interface PackedFile {
	/** As in `BundledFile`. */
	readonly path: string;
	readonly contents: Uint8Array;
}

/** A file as the manifest lists it. */
export const describeFile = ({ path, contents }: PackedFile): BundledFile => ({
	path,
	bytes: contents.length,
	sha256: sha256(contents),
});

/**
 * Writes a gzipped tar archive: everything in one directory named like the run, the manifest first. Only its owner may
 * read it.
 * @param file must not be there yet
 */
export async function writeBundle(file: string, manifest: BundleManifest, files: readonly PackedFile[]): Promise<void> {
	const first = { path: manifestName, contents: Buffer.from(`${JSON.stringify(manifest, undefined, '\t')}\n`) };
	const at = Date.parse(manifest.made_at);
	function* archive(): Generator<Uint8Array> {
		for (const { path, contents } of [first, ...files]) {
			yield tarHeader(`${manifest.run}/${path}`, contents.length, at);
			yield contents;
			yield tarPadding(contents.length);
		}
		yield tarEnd();
	}
	// Empty pieces would end the stream.
	const pieces = Readable.from([...archive()].filter(({ length }) => length > 0), { objectMode: false });
	await pipeline(pieces, createGzip(), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
}
