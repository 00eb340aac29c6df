/**
 * The part of the tar format (ustar, POSIX.1-1988) that a bundle needs: plain files. This module reads archives itself,
 * without tar(1), so that no file of a stranger's archive is written before it was checked.
 */
import { usageFailure, type Failure } from '../base/errors.js';

/** Headers and contents fill blocks of this many bytes. */
const blockBytes = 512;

/** Sizes have eleven octal digits. */
const maximumBytes = 8 ** 11 - 1;

/** The failure for an archive that rehearse did not write. Nothing of it is kept. */
export const badArchive = (why: string): Failure =>
	usageFailure(`this bundle cannot be opened: ${why}`, { hint: 'get the bundle again from the person who made it' });

/** What a header has of a file beside its path, size and time. */
export interface TarAttributes {
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly type: 'file' | 'directory' | { readonly link: string };
}

const privateFile: TarAttributes = { mode: 0o600, uid: 0, gid: 0, type: 'file' };

/**
 * The header of a file, by default one that its owner alone may read. `modifiedAt` is in milliseconds since 1970.
 * @throws Failure `usage` for a path that the format has no room for
 */
export function tarHeader(path: string, bytes: number, modifiedAt: number, attributes = privateFile): Buffer {
	const { mode, uid, gid, type } = attributes;
	const [prefix, name] = splitPath(path);
	if (bytes > maximumBytes) throw usageFailure(`${path} is too large for an archive`);
	const header = Buffer.alloc(blockBytes);
	header.write(name, 0);
	header.write(`${octal(mode, 7)}\0`, 100);
	header.write(`${octal(uid, 7)}\0`, 108);
	header.write(`${octal(gid, 7)}\0`, 116);
	header.write(`${octal(bytes, 11)}\0`, 124);
	header.write(`${octal(Math.floor(modifiedAt / 1000), 11)}\0`, 136);
	header.write(type === 'file' ? '0' : type === 'directory' ? '5' : '2', 156);
	if (typeof type === 'object') {
		if (Buffer.byteLength(type.link) > 100) throw usageFailure(`the target ${type.link} is too long for an archive`);
		header.write(type.link, 157);
	}
	header.write('ustar\x0000', 257);
	header.write(prefix, 345);
	header.write(`${octal(checksumOf(header), 6)}\0 `, 148);
	return header;
}

/** Padding behind a file's contents, up to the next block. */
export const tarPadding = (bytes: number): Buffer => Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);

/** The end of an archive: two empty blocks. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * blockBytes);

function splitPath(path: string): [prefix: string, name: string] {
	if (Buffer.byteLength(path) <= 100) return ['', path];
	for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
		const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
		if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name];
	}
	throw usageFailure(`the path ${path} is too long for an archive`);
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** The sum of a header's bytes. The checksum's own bytes count as blanks. */
function checksumOf(header: Uint8Array): number {
	let sum = 0;
	for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
	return sum;
}

/** A file in an archive. */
export interface TarFile {
	readonly path: string;
	readonly bytes: number;
	/** Its contents. The caller reads them to the end before it asks for the next file. */
	readonly contents: AsyncIterable<Buffer>;
}

/** Types of entries that a bundle does not have. */
const otherTypes: Readonly<Record<string, string>> = {
	'1': 'a link',
	'2': 'a symbolic link',
	'3': 'a device',
	'4': 'a device',
	'5': 'a directory',
	'6': 'a named pipe',
};

/**
 * The most bytes of nothing behind an archive's end. tar(1) fills up a record with them, of 10 KiB unless it is told otherwise,
 * and nobody's are larger than this; gigabytes of them take a stranger a few kilobytes of gzip.
 */
const maximumPadding = 2 ** 20;

/**
 * Yields the files of an archive, one after another.
 * @throws Failure `usage` for an archive that contains anything but files, is damaged, or ends early
 */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
	const source = new ByteSource(archive);
	for (;;) {
		const header = await source.take(blockBytes);
		if (header.every((byte) => byte === 0)) break;
		const { path, bytes } = readHeader(header);
		yield { path, bytes, contents: source.pieces(bytes) };
		await source.take(tarPadding(bytes).length);
	}
	let padding = 0;
	for await (const rest of source.rest()) {
		padding += rest.length;
		if (rest.some((byte) => byte !== 0)) throw badArchive('there is data behind its end');
		if (padding > maximumPadding) throw badArchive('it goes on behind its end');
	}
}

function readHeader(header: Buffer): Pick<TarFile, 'path' | 'bytes'> {
	const text = (from: number, bytes: number) => {
		const field = header.subarray(from, from + bytes);
		const end = field.indexOf(0);
		return field.subarray(0, end === -1 ? bytes : end).toString('utf8');
	};
	const number = (from: number, bytes: number) => {
		const digits = text(from, bytes).trim();
		return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
	};
	const isHeader = text(257, 5) === 'ustar' && number(148, 8) === checksumOf(header);
	if (!isHeader) throw badArchive('it is damaged, or is not a tar archive');
	const prefix = text(345, 155);
	const path = `${prefix === '' ? '' : `${prefix}/`}${text(0, 100)}`;
	const type = text(156, 1);
	if (type !== '0' && type !== '') throw badArchive(`${JSON.stringify(path)} in it is ${otherTypes[type] ?? 'not a plain file'}`);
	const bytes = number(124, 12);
	if (bytes === undefined) throw badArchive('it is damaged');
	return { path, bytes };
}

/** Reads a stream in amounts that the caller chooses. */
class ByteSource {
	readonly #source: AsyncIterator<Uint8Array>;
	#ready: Buffer = Buffer.alloc(0);

	constructor(source: AsyncIterable<Uint8Array>) {
		this.#source = source[Symbol.asyncIterator]();
	}

	async take(bytes: number): Promise<Buffer> {
		const pieces: Buffer[] = [];
		for await (const piece of this.pieces(bytes)) pieces.push(piece);
		return Buffer.concat(pieces);
	}

	async *pieces(bytes: number): AsyncGenerator<Buffer> {
		for (let missing = bytes; missing > 0; ) {
			if (this.#ready.length === 0 && !(await this.#more())) throw badArchive('it ends early');
			const piece = this.#ready.subarray(0, missing);
			this.#ready = this.#ready.subarray(piece.length);
			missing -= piece.length;
			yield piece;
		}
	}

	async *rest(): AsyncGenerator<Buffer> {
		do yield this.#ready;
		while (await this.#more());
	}

	async #more(): Promise<boolean> {
		const { value, done } = await this.#source.next();
		if (done) return false;
		this.#ready = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
		return true;
	}
}
