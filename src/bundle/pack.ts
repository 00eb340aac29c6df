/** Writes bundles. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../base/hash.js';
import { compress } from './compress.js';
import { manifestName, type BundledFile, type BundleManifest } from './manifest.js';
import { dataBytes, readData, type SparseSource } from './sparse.js';
import { tarEnd, tarHeader, tarPadding } from './tar.js';

/** A file that goes into a bundle. */
export interface PackedFile {
	/** As in `BundledFile`. */
	readonly path: string;
	readonly contents: Uint8Array;
}

/** Describes a file for the manifest. */
export const describeFile = ({ path, contents }: PackedFile): BundledFile => ({
	path,
	bytes: contents.length,
	sha256: sha256(contents),
});

/**
 * Writes a gzipped tar archive. All files are in one directory, which is named like the run. The manifest comes first. Only
 * the file's owner may read it.
 * @param file must not exist yet
 * @param machines the files that the manifest lists under `machines`, in its order
 */
export async function writeBundle(
	file: string,
	manifest: BundleManifest,
	files: readonly PackedFile[],
	machines: readonly SparseSource[] = [],
	signal?: AbortSignal,
): Promise<void> {
	const first = { path: manifestName, contents: Buffer.from(`${JSON.stringify(manifest, undefined, '\t')}\n`) };
	const at = Date.parse(manifest.made_at);
	async function* archive(): AsyncGenerator<Uint8Array> {
		for (const { path, contents } of [first, ...files]) {
			yield tarHeader(`${manifest.run}/${path}`, contents.length, at);
			yield contents;
			yield tarPadding(contents.length);
		}
		for (const source of machines) {
			const bytes = dataBytes(source.listed);
			yield tarHeader(`${manifest.run}/${source.listed.path}`, bytes, at);
			yield* readData(source);
			yield tarPadding(bytes);
		}
		yield tarEnd();
	}
	const level = machines.length > 0 ? quickLevel : usualLevel;
	const compressed = Readable.from(compress(archive(), level), { objectMode: false });
	await pipeline(compressed, createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal });
}

/** Compression levels. For gigabytes of machines the usual level takes minutes longer and saves little. */
const [quickLevel, usualLevel] = [1, 6];
