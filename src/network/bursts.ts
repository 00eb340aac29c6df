import type { OutsideContact } from '../lab/events.js';

/** A contact and how many packets it was, since who gets no answer asks again; and whether it was told of before. */
export type Burst = OutsideContact & { readonly count: number; readonly again?: true };

/** How long a burst is held back, in milliseconds. A resolver asks again each second. */
export const burstMs = 1000;

/** How many kinds of contact of a node are told; a port scan has 65 535. */
export const toldContacts = 200;

/** Joins packets of one kind that follow close on each other, so that neither a log nor a reader drowns in them. */
export class BurstJoiner {
	readonly #tell: (burst: Burst) => void;
	readonly #onOverflow: (node: string) => void;
	readonly #open = new Map<string, { burst: Burst; readonly timer: NodeJS.Timeout }>();
	readonly #kinds = new Map<string, Set<string>>();
	readonly #overflowed = new Set<string>();

	/** @param onOverflow is told once of each node that has too many contacts to tell them all */
	constructor(tell: (burst: Burst) => void, onOverflow: (node: string) => void) {
		this.#tell = tell;
		this.#onOverflow = onOverflow;
	}

	take(contact: OutsideContact): void {
		const kind = kindOf(contact);
		const open = this.#open.get(kind);
		if (open) {
			open.burst = { ...open.burst, count: open.burst.count + 1 };
			return;
		}
		const kinds = this.#kindsOf(contact.node);
		const again = kinds.has(kind);
		if (!again && kinds.size >= toldContacts) {
			if (!this.#overflowed.has(contact.node)) this.#onOverflow(contact.node);
			this.#overflowed.add(contact.node);
			return;
		}
		kinds.add(kind);
		const timer = setTimeout(() => this.#close(kind), burstMs);
		this.#open.set(kind, { burst: { ...contact, count: 1, ...(again ? { again } : {}) }, timer });
	}

	/** Tells what is still held back. */
	flush(): void {
		for (const kind of [...this.#open.keys()]) this.#close(kind);
	}

	#close(kind: string): void {
		const open = this.#open.get(kind);
		if (!open) return;
		clearTimeout(open.timer);
		this.#open.delete(kind);
		this.#tell(open.burst);
	}

	#kindsOf(node: string): Set<string> {
		const kinds = this.#kinds.get(node) ?? new Set();
		this.#kinds.set(node, kinds);
		return kinds;
	}
}

const kindOf = ({ node, protocol, address, port, question }: OutsideContact): string =>
	JSON.stringify([node, protocol, address, port, question?.name, question?.type]);
