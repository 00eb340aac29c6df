/** The channel to a startup script that is debugged, over the stream of its port. */
import type { Duplex } from 'node:stream';
import { onLines } from '../../base/lines.js';
import { maximumLineBytes } from '../agent-message.js';
import { encodeDebugCommand, parseDebugMessage, type DebugMessage, type DebugCommand } from './messages.js';

/** How many messages are kept that nobody has asked for yet: a script is stopped at each. */
const keptMessages = 16;

/** Sends commands to the script, and keeps its messages until somebody asks for them. */
export class DebugChannel {
	readonly #port: Duplex;
	readonly #kept: DebugMessage[] = [];
	readonly #waiting: { readonly kind: DebugMessage['kind']; readonly resolve: (message: DebugMessage) => void }[] = [];

	/** @param onTooLong called once when the guest writes a line without an end */
	constructor(port: Duplex, onTooLong?: () => void) {
		this.#port = port;
		const end = () => port.destroy();
		port.on('error', end);
		const onLine = (line: string) => {
			const message = parseDebugMessage(line);
			if (message) this.#put(message);
		};
		onLines(port, { maximumBytes: maximumLineBytes, onLine, ...(onTooLong ? { onTooLong } : {}) });
	}

		send(command: DebugCommand): void {
			if (!this.#port.destroyed) this.#port.write(encodeDebugCommand(command, Date.now()));
	}

	/** The next message of that kind, which may have come already. Never rejects: whoever waits also waits for the machine. */
	next<K extends DebugMessage['kind']>(kind: K): Promise<Extract<DebugMessage, { kind: K }>> {
		const index = this.#kept.findIndex((message) => message.kind === kind);
		if (index >= 0) return Promise.resolve(this.#kept.splice(index, 1)[0] as Extract<DebugMessage, { kind: K }>);
		return new Promise((resolve) => this.#waiting.push({ kind, resolve: resolve as (message: DebugMessage) => void }));
	}

	#put(message: DebugMessage): void {
		const index = this.#waiting.findIndex(({ kind }) => kind === message.kind);
		if (index < 0 && this.#kept.length < keptMessages) this.#kept.push(message);
		if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve(message);
	}
}
