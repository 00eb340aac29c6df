/**
 * Bytes that come in pieces, gathered in one buffer. Somebody who sends them one by one costs no more memory than somebody who
 * sends them at once: a list of pieces would take some hundred bytes for each.
 */
export class ByteCollector {
	#buffer: Buffer = nothing;
	#length = 0;

	/** Number of bytes that are there. */
	get length(): number {
		return this.#length;
	}

	/** Adds a copy of a piece. The buffer takes at most twice what is in it, and grows seldom. */
	add(piece: Uint8Array): void {
		const length = this.#length + piece.length;
		if (length > this.#buffer.length) {
			const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * this.#buffer.length, length + maximumSpare), 64));
			larger.set(this.#buffer.subarray(0, this.#length));
			this.#buffer = larger;
		}
		this.#buffer.set(piece, this.#length);
		this.#length = length;
	}

	/** Gives away all that is there, and begins anew. */
	take(): Buffer {
		const taken = this.#buffer.subarray(0, this.#length);
		this.#buffer = nothing;
		this.#length = 0;
		return taken;
	}
}

const nothing = Buffer.alloc(0);

/** How much larger than needed the buffer becomes at most, in bytes. */
const maximumSpare = 16 * 2 ** 20;
