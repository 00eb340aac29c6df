import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { brokenFailure } from '../base/errors.js';
import { maximumLineBytes } from './protocol.js';

/**
 * Reads lines from a stream that may carry other bytes behind them. It takes nothing from the stream beyond the last line
 * that was asked for.
 */
export class LineReader {
	readonly #stream: Duplex;

	constructor(stream: Duplex) {
		this.#stream = stream;
	}

	/**
	 * Resolves to the next line, or to undefined at the stream's end.
	 * @throws Failure `control-line` for a line beyond the maximum length
	 */
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
			if (length <= maximumLineBytes) continue;
			throw brokenFailure('control-line', `a line on the control socket is longer than ${maximumLineBytes / 2 ** 20} MiB`);
		}
		return undefined;
	}

	/** Resolves when more can be read, or the stream has ended. Rejects with the stream's error. */
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
