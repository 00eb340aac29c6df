import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { brokenFailure } from '../base/errors.js';
import { maximumLineBytes } from './protocol.js';

/** Reads lines from a stream whose rest may be no lines at all: nothing behind the last line asked for is taken. */
export class LineReader {
	readonly #stream: Duplex;

	constructor(stream: Duplex) {
		this.#stream = stream;
	}

	/** Resolves to the next line, or to undefined at the stream's end. @throws Failure `control-line` for one beyond all measure */
	async next(): Promise<string | undefined> {
		const stream = this.#stream;
		const chunks: Buffer[] = [];
		let length = 0;
		while (!stream.readableEnded && !stream.destroyed) {
			const chunk = stream.read() as Buffer | null;
			if (chunk === null) {
				await this.#more();
				continue;
			}
			const end = chunk.indexOf(0x0a);
			if (end >= 0) {
				if (end + 1 < chunk.length) stream.unshift(chunk.subarray(end + 1));
				return Buffer.concat([...chunks, chunk.subarray(0, end)]).toString('utf8');
			}
			chunks.push(chunk);
			length += chunk.length;
			if (length > maximumLineBytes) throw brokenFailure('control-line', 'a line of the control socket has no end');
		}
		return undefined;
	}

	/** Resolves when there may be more to read, or never will be. Rejects with the stream's error. */
	async #more(): Promise<void> {
		const enough = new AbortController();
		const events = ['readable', 'end', 'close'].map((name) => once(this.#stream, name, { signal: enough.signal }));
		try {
			await Promise.race(events);
		} finally {
			for (const event of events) event.catch(() => undefined);
			enough.abort();
		}
	}
}
