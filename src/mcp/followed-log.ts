import { open } from 'node:fs/promises';
import { LineSplitter } from '../base/lines.js';
import type { RunEvent } from '../lab/events.js';
import { emptyRun, foldEvent } from '../outcome/fold.js';
import type { RunState } from '../outcome/state.js';
import { eventLine } from '../report/plain.js';
import { parseEventLog } from '../runs/event-log.js';
import { eventLogPath } from '../runs/run-files.js';

/** The longest line of a log, in bytes: a script's trace is in one. */
const maximumLineBytes = 64 * 2 ** 20;

const chunkBytes = 2 ** 20;

/** How many of the last lines of progress are kept. */
const recentLines = 8;

/** The event log of a run that may still go on. What was read once is not read again. */
export class FollowedLog {
	readonly directory: string;
	readonly #splitter = new LineSplitter(maximumLineBytes);
	#offset = 0;
	#state = emptyRun();
	#startAt: number | undefined;
	#recent: string[] = [];
	#reading: Promise<unknown> = Promise.resolve();
	/** Why it cannot be read: what comes after a damaged place has no meaning without it. */
	#broken: unknown;

	constructor(directory: string) {
		this.directory = directory;
	}

	/**
	 * The events so far, folded; an empty run where there is none yet.
	 * @throws Failure `usage` for what is no event log
	 */
	read(): Promise<RunState> {
		// One at a time: two waits may look at the same moment.
		const reading = this.#reading.then(() => this.#readOn());
		this.#reading = reading.catch(() => undefined);
		return reading;
	}

	/** The last lines of progress, as `rehearse run` prints them, of what was read. */
	get recent(): readonly string[] {
		return this.#recent;
	}

	async #readOn(): Promise<RunState> {
		if (this.#broken !== undefined) throw this.#broken;
		const file = eventLogPath(this.directory);
		const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
			if (error.code === 'ENOENT') return undefined;
			throw error;
		});
		if (!handle) return this.#state;
		try {
			for (;;) {
				const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, this.#offset);
				if (bytesRead === 0) return this.#state;
				this.#offset += bytesRead;
				try {
					for (const line of this.#splitter.push(buffer.subarray(0, bytesRead))) for (const event of parseEventLog(`${line}\n`, file)) this.#take(event);
				} catch (error) {
					this.#broken = error;
					throw error;
				}
			}
		} finally {
			await handle.close();
		}
	}

	#take(event: RunEvent): void {
		this.#state = foldEvent(this.#state, event);
		this.#startAt ??= event.at;
		const line = eventLine(event, this.#startAt);
		if (line !== undefined) this.#recent = [...this.#recent, line].slice(-recentLines);
	}
}
