/** Chance that comes again with the same seed. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** From 0 to below 1 (the generator mulberry32). */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** One of some. */
	pick<T>(choices: readonly T[]): T {
		const choice = choices[Math.floor(this.next() * choices.length)];
		if (choice === undefined) throw new Error('there is nothing to choose from');
		return choice;
	}
}
