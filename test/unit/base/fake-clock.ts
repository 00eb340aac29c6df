import type { Clock } from '../../../src/base/waiting.js';

/** A clock that only sleeping moves on; `advance` stands for work that takes time. */
export class FakeClock implements Clock {
	readonly sleeps: number[] = [];
	#now = 1000;

	now(): number {
		return this.#now;
	}

	advance(ms: number): void {
		this.#now += ms;
	}

	async sleep(ms: number, signal?: AbortSignal): Promise<void> {
		this.sleeps.push(ms);
		this.advance(ms);
		signal?.throwIfAborted();
	}
}
