import os from 'node:os';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** How many bytes are compressed as one block. Each block becomes a gzip member, which costs twenty bytes (RFC 1952, 2.2). */
const blockBytes = 2 ** 22;

/**
 * Compresses a stream to gzip's format, on all processors. The result has several members; gunzip(1) and tar(1) read them
 * as one file.
 */
export async function* compress(pieces: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Buffer> {
	const begun: Promise<Buffer>[] = [];
	for await (const block of blocksOf(pieces)) {
		const member = promisify(gzip)(block, { level });
		// Members are awaited in order. If an earlier one fails first, this rejection must not count as unhandled.
		member.catch(() => undefined);
		begun.push(member);
		if (begun.length > os.availableParallelism()) yield (await begun.shift()) ?? Buffer.alloc(0);
	}
	for (const member of begun) yield await member;
}

async function* blocksOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
	let waiting: Uint8Array[] = [];
	let bytes = 0;
	for await (const piece of pieces) {
		waiting.push(piece);
		bytes += piece.length;
		if (bytes < blockBytes) continue;
		yield Buffer.concat(waiting);
		[waiting, bytes] = [[], 0];
	}
	if (bytes > 0) yield Buffer.concat(waiting);
}
