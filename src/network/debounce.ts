import type { OutboundConnection } from '../lab/events.js';

/** A connection and how many packets it was, since who gets no answer asks again; and whether it was reported before. */
export type DebouncedConnection = OutboundConnection & { readonly count: number; readonly again?: true };

/** How long connections are joined to one before it is reported, in milliseconds. A resolver asks again each second. */
export const debounceMs = 1000;

/** How many kinds of connections of a node are reported; a port scan has 65 535. */
export const maximumReported = 200;

/**
 * Joins packets of one kind that follow close on each other, so that the event log and its readers get one event for
 * them.
 */
export class ConnectionDebouncer {
	readonly #send: (debounced: DebouncedConnection) => void;
	readonly #onOverflow: (node: string) => void;
	readonly #open = new Map<string, { debounced: DebouncedConnection; readonly timer: NodeJS.Timeout }>();
	readonly #kinds = new Map<string, Set<string>>();
	readonly #overflowed = new Set<string>();

	/** @param onOverflow called once for each node that has too many connections to report them all */
	constructor(send: (debounced: DebouncedConnection) => void, onOverflow: (node: string) => void) {
		this.#send = send;
		this.#onOverflow = onOverflow;
	}

	take(connection: OutboundConnection): void {
		const kind = kindOf(connection);
		const open = this.#open.get(kind);
		if (open) {
			open.debounced = { ...open.debounced, count: open.debounced.count + 1 };
			return;
		}
		const kinds = this.#kindsOf(connection.node);
		const again = kinds.has(kind);
		if (!again && kinds.size >= maximumReported) {
			if (!this.#overflowed.has(connection.node)) this.#onOverflow(connection.node);
			this.#overflowed.add(connection.node);
			return;
		}
		kinds.add(kind);
		const timer = setTimeout(() => this.#close(kind), debounceMs);
		this.#open.set(kind, { debounced: { ...connection, count: 1, ...(again ? { again } : {}) }, timer });
	}

	/** Sends what is still held back. */
	flush(): void {
		for (const kind of [...this.#open.keys()]) this.#close(kind);
	}

	#close(kind: string): void {
		const open = this.#open.get(kind);
		if (!open) return;
		clearTimeout(open.timer);
		this.#open.delete(kind);
		this.#send(open.debounced);
	}

	#kindsOf(node: string): Set<string> {
		const kinds = this.#kinds.get(node) ?? new Set();
		this.#kinds.set(node, kinds);
		return kinds;
	}
}

const kindOf = ({ node, protocol, address, port, question }: OutboundConnection): string =>
	JSON.stringify([node, protocol, address, port, question?.name, question?.type]);
