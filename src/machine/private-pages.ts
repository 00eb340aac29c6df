/**
 * What a machine has changed of a memory that it maps copy-on-write: the pages that are its own. The kernel shows which
 * ones those are (proc_pid_pagemap(5)), and lets whoever could trace the process read and write them (proc_pid_mem(5)).
 *
 * A file of such pages begins with how many stretches it has, and with offset and length of each, in bytes of the memory;
 * what is in them follows. Numbers are doubles, little-endian.
 */
import { readFile, realpath, type FileHandle } from 'node:fs/promises';
import { brokenFailure } from '../base/errors.js';
import { mergeExtents, splitExtents, type Extent } from '../base/extents.js';
import { readFully, withFile, writeFully } from '../base/files.js';

/** Where a process sees a file. */
export interface Mapping {
	/** The address at which the file begins, or would. */
	readonly origin: number;
	/** The part of the file that is there. */
	readonly extent: Extent;
}

/**
 * Where a process has mapped a file, by its `maps` (proc_pid_maps(5)): the parts of one mapping, which the kernel may have
 * split. Nothing where it has not, or more than once.
 * @param file without symbolic links
 */
export function parseMapping(text: string, file: string): Mapping | undefined {
	const parts = text.split('\n').flatMap((line) => {
		const [, start = '', end = '', offset = '', name] = /^([\da-f]+)-([\da-f]+) \S+ ([\da-f]+) \S+ \d+ +(.+)$/.exec(line) ?? [];
		return name === file ? [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), offset: Number.parseInt(offset, 16) }] : [];
	});
	const [first, last] = [parts[0], parts.at(-1)];
	if (!first || !last) return undefined;
	const origin = first.start - first.offset;
	if (parts.some(({ start, offset }, index) => start - offset !== origin || start !== (parts[index - 1]?.end ?? start))) return undefined;
	return { origin, extent: [first.offset, last.end - first.start] };
}

/** Size of a page, and of the kernel's entry for one, in bytes. */
const pageBytes = 4096;
const entryBytes = 8;

/** In the upper half of an entry: the page is in memory, is swapped out, is a file's or shared. */
const present = 2 ** 31;
const swapped = 2 ** 30;
const ofFile = 2 ** 29;

/**
 * The pages that are a process's own, as extents of what its `pagemap` is read of.
 * @param entries eight bytes a page, from a multiple of eight of their buffer on
 * @param from the offset of the first page, in bytes
 */
export function privatePages(entries: Buffer, from: number): Extent[] {
	const halves = new Uint32Array(entries.buffer, entries.byteOffset, entries.length / 4);
	const own: Extent[] = [];
	let first: number | undefined;
	for (let page = 0; page <= entries.length / entryBytes; page++) {
		// Behind the last one there is none.
		const upper = halves[2 * page + 1] ?? 0;
		const isOwn = (upper & swapped) !== 0 || ((upper & present) !== 0 && (upper & ofFile) === 0);
		if (isOwn) first ??= page;
		else if (first !== undefined) {
			own.push([from + first * pageBytes, (page - first) * pageBytes]);
			first = undefined;
		}
	}
	return own;
}

/** How much is read or written at once. */
const chunkBytes = 2 ** 20;

/** Less than this between two stretches is saved with them, which takes less time than to go over it. */
const smallGap = 2 ** 13 + 1;

/**
 * Saves what a process has changed of a file that it maps copy-on-write. The process must be halted meanwhile.
 * @throws Failure `internal` where it has not mapped the file, or not once
 */
export async function savePrivatePages(pid: number, file: string, pagesFile: string, signal?: AbortSignal): Promise<void> {
	const mapping = await findMapping(pid, file);
	await withFile(`/proc/${pid}/pagemap`, 'r', (pagemap) =>
		withFile(`/proc/${pid}/mem`, 'r', (mem) =>
			withFile(pagesFile, 'w', async (target) => {
				const own = mergeExtents(await findOwn(pagemap, mapping, signal), mapping.extent[0] + mapping.extent[1], smallGap);
				await writeFully(target, packIndex(own), 0);
				const buffer = Buffer.allocUnsafeSlow(chunkBytes);
				for (const { pieces, bytes, from } of inBatches(own)) {
					signal?.throwIfAborted();
					await Promise.all(pieces.map(({ at, offset, length }) => readFully(mem, buffer.subarray(at, at + length), mapping.origin + offset)));
					await writeFully(target, buffer.subarray(0, bytes), from);
				}
			}),
		),
	);
}

/**
 * Writes saved pages into the memory of a process that has mapped the same file. The process must be halted meanwhile.
 * @throws Failure `internal` where it has not mapped the file, or where the pages are not of that
 */
export async function loadPrivatePages(pid: number, file: string, pagesFile: string, signal?: AbortSignal): Promise<void> {
	const { origin, extent } = await findMapping(pid, file);
	const [start, end] = [extent[0], extent[0] + extent[1]];
	await withFile(pagesFile, 'r', (source) =>
		withFile(`/proc/${pid}/mem`, 'r+', async (mem) => {
			const own = await readIndex(source, (end - start) / pageBytes);
			if (!own.every(([offset, bytes]) => offset >= start && bytes > 0 && offset + bytes <= end)) {
				throw brokenFailure('internal', `${pagesFile} is of another memory`);
			}
			const buffer = Buffer.allocUnsafeSlow(chunkBytes);
			for (const { pieces, bytes, from } of inBatches(own)) {
				signal?.throwIfAborted();
				await readFully(source, buffer.subarray(0, bytes), from);
				await Promise.all(pieces.map(({ at, offset, length }) => writeFully(mem, buffer.subarray(at, at + length), origin + offset)));
			}
		}),
	);
}

/** A part of the memory, and where it is among those that are read or written with it. */
interface Piece {
	readonly offset: number;
	readonly length: number;
	readonly at: number;
}

/** What a file of pages has behind its index, in the order in which it is there, each batch of it contiguous. */
export function* inBatches(own: readonly Extent[]): Generator<{ readonly pieces: readonly Piece[]; readonly bytes: number; readonly from: number }> {
	let from = entryBytes * (1 + 2 * own.length);
	let pieces: Piece[] = [];
	let bytes = 0;
	for (const [offset, length] of splitExtents(own, chunkBytes)) {
		if (bytes + length > chunkBytes) {
			yield { pieces, bytes, from };
			from += bytes;
			[pieces, bytes] = [[], 0];
		}
		pieces.push({ offset, length, at: bytes });
		bytes += length;
	}
	if (bytes > 0) yield { pieces, bytes, from };
}

async function findMapping(pid: number, file: string): Promise<Mapping> {
	const mapping = parseMapping(await readFile(`/proc/${pid}/maps`, 'utf8'), await realpath(file));
	if (!mapping) throw brokenFailure('internal', `process ${pid} has not mapped ${file} as one`);
	return mapping;
}

/** The pages of a mapping that are the process's own, as extents of the file. */
async function findOwn(pagemap: FileHandle, { origin, extent }: Mapping, signal: AbortSignal | undefined): Promise<Extent[]> {
	const own: Extent[] = [];
	const buffer = Buffer.allocUnsafeSlow(chunkBytes);
	for (const [offset, length] of splitExtents([extent], (chunkBytes / entryBytes) * pageBytes)) {
		signal?.throwIfAborted();
		const entries = buffer.subarray(0, (length / pageBytes) * entryBytes);
		await readFully(pagemap, entries, ((origin + offset) / pageBytes) * entryBytes);
		own.push(...privatePages(entries, offset));
	}
	return own;
}

const packIndex = (extents: readonly Extent[]): Buffer => Buffer.from(Float64Array.from([extents.length, ...extents.flat()]).buffer);

/** @param pages how many the memory has: there are not more stretches of them, however long the file says that it is */
async function readIndex(source: FileHandle, pages: number): Promise<Extent[]> {
	const { size } = await source.stat();
	const [count = NaN] = readNumbers(await readFully(source, Buffer.alloc(entryBytes), 0));
	const indexBytes = 2 * count * entryBytes;
	if (!Number.isInteger(count) || count < 0 || count > pages || indexBytes >= size) throw brokenFailure('internal', 'a file of pages does not begin as one');
	const numbers = readNumbers(await readFully(source, Buffer.alloc(indexBytes), entryBytes));
	return Array.from({ length: count }, (_none, index) => [numbers[2 * index] ?? 0, numbers[2 * index + 1] ?? 0]);
}

const readNumbers = (bytes: Buffer): Float64Array => new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / entryBytes);
