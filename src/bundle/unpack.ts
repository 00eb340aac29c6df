/** Unpacks bundles, which strangers may have made. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { requireSpace } from '../base/disk-usage.js';
import { brokenFailure, Failure, reasonOf, usageFailure } from '../base/errors.js';
import { withFile } from '../base/files.js';
import { manifestName, maximumManifestBytes, parseBundleManifest, unpackedBytes, type BundledFile, type BundleManifest } from './manifest.js';
import { dataBytes, writeSparse, type SparseFile } from './sparse.js';
import { badArchive, readTar, type TarFile } from './tar.js';

export interface UnpackOptions {
	readonly signal?: AbortSignal;
	/** Called before the files of machines are unpacked, which takes time. */
	readonly onMachines?: () => void;
}

/**
 * Unpacks a bundle into an empty directory, with its manifest. Every file must match the manifest by name, size and
 * checksum; otherwise the whole bundle is refused. The caller removes what was written before that.
 * @throws Failure `usage` for a file that cannot be read, and for anything but an intact bundle; `disk-full` before
 * anything is written when the disk lacks space
 */
export async function unpackBundle(file: string, directory: string, options: UnpackOptions = {}): Promise<BundleManifest> {
	const unzipped = new PassThrough();
	// The reader of `unzipped` gets the same error, and that of the signal too.
	pipeline(createReadStream(file), createGunzip({ chunkSize: 2 ** 18 }), unzipped, { signal: options.signal }).catch(() => undefined);
	try {
		return await unpack(readTar(unzipped), directory, options);
	} catch (error) {
		options.signal?.throwIfAborted();
		throw error instanceof Failure ? error : readFailure(file, error as NodeJS.ErrnoException);
	} finally {
		unzipped.destroy();
	}
}

function readFailure(file: string, error: NodeJS.ErrnoException): Failure {
	if (error.code?.startsWith('Z_')) return badArchive(`it is damaged, or not compressed by gzip (${error.message})`);
	if (error.code === 'ENAMETOOLONG') return badArchive('a name in it is too long');
	if (error.path === file || error.syscall === 'read') return usageFailure(`${file} cannot be read: ${reasonOf(error)}`, { cause: error });
	return brokenFailure('unpack', `${file} cannot be unpacked: ${error.message}`, { cause: error });
}

async function unpack(files: AsyncGenerator<TarFile>, directory: string, { signal, onMachines }: UnpackOptions): Promise<BundleManifest> {
	const first = await files.next();
	if (first.done || !first.value.path.endsWith(`/${manifestName}`) || first.value.bytes > maximumManifestBytes) {
		throw badArchive(`it does not begin with a ${manifestName}`);
	}
	const text = await readWhole(first.value);
	const manifest = parseBundleManifest(text.toString('utf8'));
	const root = `${manifest.run}/`;
	if (first.value.path !== `${root}${manifestName}`) throw badArchive('its directory is not named like its run');
	await requireSpace(directory, unpackedBytes(manifest));
	await writePlain(path.join(directory, manifestName), [text]);
	for (const expected of manifest.files) {
		const next = await files.next();
		if (next.done) throw badArchive(`${expected.path} is missing`);
		await unpackFile(next.value, root, expected, directory);
	}
	if (manifest.machines) onMachines?.();
	for (const expected of manifest.machines?.files ?? []) {
		signal?.throwIfAborted();
		const next = await files.next();
		if (next.done) throw badArchive(`${expected.path} is missing`);
		await unpackSparse(next.value, root, expected, directory);
	}
	const more = await files.next();
	if (!more.done) throw badArchive(`${JSON.stringify(more.value.path)} is not in its ${manifestName}`);
	return manifest;
}

/**
 * Checks that a file is the one that the manifest lists next, and makes its directory. Resolves to its target path.
 * @throws Failure `usage` when it is another file
 */
async function prepareTarget(
	file: TarFile,
	root: string,
	expected: Pick<BundledFile, 'path' | 'bytes'>,
	directory: string,
): Promise<string> {
	if (file.path !== `${root}${expected.path}`) {
		throw badArchive(`${JSON.stringify(file.path)} is where ${expected.path} should be`);
	}
	if (file.bytes !== expected.bytes) throw badArchive(`${expected.path} has another size than it should`);
	const target = path.join(directory, expected.path);
	await mkdir(path.dirname(target), { recursive: true });
	return target;
}

async function unpackSparse(file: TarFile, root: string, expected: SparseFile, directory: string): Promise<void> {
	const target = await prepareTarget(file, root, { path: expected.path, bytes: dataBytes(expected) }, directory);
	await writeSparse(target, expected, file.contents);
}

async function unpackFile(file: TarFile, root: string, expected: BundledFile, directory: string): Promise<void> {
	const target = await prepareTarget(file, root, expected, directory);
	const hash = createHash('sha256');
	await writePlain(target, hashed(file.contents, hash));
	if (hash.digest('hex') !== expected.sha256) throw badArchive(`${expected.path} is damaged: its checksum differs`);
}

async function* hashed(contents: AsyncIterable<Buffer>, hash: { update(data: Buffer): unknown }): AsyncGenerator<Buffer> {
	for await (const piece of contents) {
		hash.update(piece);
		yield piece;
	}
}

/** Writes a new file. It fails when the path exists, so that it never writes through a link. */
async function writePlain(file: string, contents: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
	const write = async (handle: FileHandle) => {
		for await (const piece of contents) await handle.writeFile(piece);
	};
	await withFile(file, 'wx', write, 0o600);
}

async function readWhole({ contents }: TarFile): Promise<Buffer> {
	const pieces: Buffer[] = [];
	for await (const piece of contents) pieces.push(piece);
	return Buffer.concat(pieces);
}
