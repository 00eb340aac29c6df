/**
 * Lines of a stream. Only the byte 0x0a ends a line. `node:readline` also ends one at U+2028, from Node 24 on, and
 * JSON.stringify does not escape that character.
 */
import type { Readable } from 'node:stream';
import { ByteCollector } from './byte-collector.js';

/** The default maximum length of a line, in bytes. A compressed state snapshot of a machine fits. */
const defaultMaximumBytes = 64 * 2 ** 20;

const newline = 0x0a;

/** Divides chunks of bytes into lines. It skips lines longer than the maximum, and counts them. */
export class LineSplitter {
	readonly #maximumBytes: number;
	readonly #begun = new ByteCollector();
	#isSkipping = false;
	/** Number of lines that were skipped because they were longer than the maximum. */
	skipped = 0;

	constructor(maximumBytes: number) {
		this.#maximumBytes = maximumBytes;
	}

	/** Adds a chunk. Yields the lines that it completes, without their line ends. */
	*push(chunk: Buffer): Generator<string> {
		let start = 0;
		for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
			this.#keep(chunk.subarray(start, end));
			const line = this.#begun.take();
			const isWhole = !this.#isSkipping;
			this.#isSkipping = false;
			start = end + 1;
			if (isWhole) yield line.toString('utf8');
		}
		this.#keep(chunk.subarray(start));
	}

	#keep(part: Buffer): void {
		if (this.#isSkipping || part.length === 0) return;
		if (this.#begun.length + part.length <= this.#maximumBytes) {
			this.#begun.add(part);
			return;
		}
		this.#begun.take();
		this.#isSkipping = true;
		this.skipped++;
	}
}

export interface LineListener {
	/** Called with each line, without its line end. Text after the last line end is not passed on. */
	readonly onLine: (line: string) => void;
	/** Called once, when the stream has ended or failed. */
	readonly onEnd?: () => void;
	/** Called at the first line that is longer than the maximum. Such lines are skipped. */
	readonly onTooLong?: () => void;
	readonly maximumBytes?: number;
}

/** Calls the listener with every line of a stream. The owner of the stream handles its errors. */
export function onLines(stream: Readable, { onLine, onEnd, onTooLong, maximumBytes = defaultMaximumBytes }: LineListener): void {
	const splitter = new LineSplitter(maximumBytes);
	stream.on('data', (chunk: Buffer | string) => {
		const before = splitter.skipped;
		for (const line of splitter.push(asBuffer(chunk))) onLine(line);
		if (before === 0 && splitter.skipped > 0) onTooLong?.();
	});
	if (!onEnd) return;
	let hasEnded = false;
	const end = () => {
		if (hasEnded) return;
		hasEnded = true;
		onEnd();
	};
	for (const event of ['end', 'close', 'error']) stream.once(event, end);
}

/** Yields the lines of a stream. It reads only as fast as the caller takes lines. */
export async function* linesOf(stream: Readable, maximumBytes = defaultMaximumBytes): AsyncGenerator<string> {
	const splitter = new LineSplitter(maximumBytes);
	for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield* splitter.push(asBuffer(chunk as Buffer | string));
}

const asBuffer = (chunk: Buffer | string): Buffer => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
