import type { Duplex } from 'node:stream';
import { brokenFailure, fromReported } from '../../../base/errors.js';
import { onLines } from '../../../base/lines.js';
import type { RunEventBody } from '../../../lab/events.js';
import type { DebugReply, DebugRequest, DebugResponse } from '../../../protocol/debugger.js';

interface Waiting {
	resolve(reply: DebugReply): void;
	reject(error: Error): void;
}

/** The debugger's connection to a lab. It takes one request at a time. */
export class DebugConnection {
	readonly #stream: Duplex;
	readonly #early: (DebugReply | Error)[] = [];
	#waiting: Waiting | undefined;
	#isGone = false;

	constructor(stream: Duplex, onEvent: (event: RunEventBody) => void) {
		this.#stream = stream;
		stream.on('error', () => stream.destroy());
		onLines(stream, {
			onLine: (line) => {
				const message = JSON.parse(line) as DebugResponse;
				if ('event' in message) onEvent(message.event);
				else this.#take('refused' in message ? fromReported(message.refused) : message.reply);
			},
			onEnd: () => {
				this.#isGone = true;
				this.#waiting?.reject(gone());
			},
		});
	}

	/**
	 * Sends a request, and resolves to its reply. Without a request it waits for the first reply.
	 * @throws Failure that the lab replied with; `control-gone`
	 */
	ask(request?: DebugRequest): Promise<DebugReply> {
		const early = this.#early.shift();
		if (early instanceof Error) return Promise.reject(early);
		if (early) return Promise.resolve(early);
		if (this.#isGone) return Promise.reject(gone());
		const reply = new Promise<DebugReply>((resolve, reject) => {
			this.#waiting = { resolve, reject };
		});
		if (request) this.#send(request);
		return reply;
	}

	/** Pauses all machines, also in the middle of a request. */
	interrupt(): void {
		this.#send({ do: 'interrupt' });
	}

	close(): void {
		this.#stream.destroy();
	}

	#send(value: object): void {
		if (this.#stream.writable) this.#stream.write(`${JSON.stringify(value)}\n`);
	}

	#take(reply: DebugReply | Error): void {
		const waiting = this.#waiting;
		this.#waiting = undefined;
		if (!waiting) this.#early.push(reply);
		else if (reply instanceof Error) waiting.reject(reply);
		else waiting.resolve(reply);
	}
}

const gone = () => brokenFailure('control-gone', 'the lab is gone', { hint: '`rehearse status` shows the labs that run' });
