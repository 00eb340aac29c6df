/**
 * Lines of a stream. A line ends at the byte 0x0a and nowhere else: `node:readline` ends one at U+2028 as well, from
 * Node 24 on, and JSON.stringify leaves that character as it is.
 */
import type { Readable } from 'node:stream';

/** Bytes of the longest line that is read where nobody says otherwise: a compressed state snapshot of a machine fits. */
const defaultMaximumBytes = 64 * 2 ** 20;

const newline = 0x0a;

/** Divides chunks of bytes into lines. A line that is longer than the maximum is passed over, and counted. */
export class LineSplitter {
	readonly #maximumBytes: number;
	#parts: Buffer[] = [];
	#length = 0;
	#isPassingOver = false;
	/** Lines that were longer than the maximum. */
	passedOver = 0;

	constructor(maximumBytes: number) {
		this.#maximumBytes = maximumBytes;
	}

	/** The lines that a chunk completes, without their ends. */
	*push(chunk: Buffer): Generator<string> {
		let start = 0;
		for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
			this.#keep(chunk.subarray(start, end));
			const isWhole = !this.#isPassingOver;
			const line = isWhole ? Buffer.concat(this.#parts).toString('utf8') : '';
			this.#forget();
			this.#isPassingOver = false;
			start = end + 1;
			if (isWhole) yield line;
		}
		this.#keep(chunk.subarray(start));
	}

	#keep(part: Buffer): void {
		if (this.#isPassingOver || part.length === 0) return;
		this.#length += part.length;
		if (this.#length <= this.#maximumBytes) {
			this.#parts.push(part);
			return;
		}
		this.#forget();
		this.#isPassingOver = true;
		this.passedOver++;
	}

	#forget(): void {
		this.#parts = [];
		this.#length = 0;
	}
}

export interface LineListener {
	/** Called with each line, without its end. What follows the last line end of the stream is no line. */
	readonly onLine: (line: string) => void;
	/** Called once when no more lines come: the stream has ended, or failed. */
	readonly onEnd?: () => void;
	/** Called at the first line that is longer than the maximum; such lines are passed over. */
	readonly onTooLong?: () => void;
	readonly maximumBytes?: number;
}

/** Has every line of a stream passed on as it comes. An error of the stream is the owner's to handle. */
export function onLines(stream: Readable, { onLine, onEnd, onTooLong, maximumBytes = defaultMaximumBytes }: LineListener): void {
	const splitter = new LineSplitter(maximumBytes);
	stream.on('data', (chunk: Buffer | string) => {
		const before = splitter.passedOver;
		for (const line of splitter.push(asBuffer(chunk))) onLine(line);
		if (before === 0 && splitter.passedOver > 0) onTooLong?.();
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

/** The lines of a stream, for `for await`. It reads no faster than they are taken. */
export async function* linesOf(stream: Readable, maximumBytes = defaultMaximumBytes): AsyncGenerator<string> {
	const splitter = new LineSplitter(maximumBytes);
	for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield* splitter.push(asBuffer(chunk as Buffer | string));
}

const asBuffer = (chunk: Buffer | string): Buffer => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
