import { processorTimeMs } from '../base/proc.js';
import { Semaphore } from '../base/semaphore.js';
import { lettingManyWait, systemClock, untilAborted, type Clock } from '../base/waiting.js';
import type { RunningMachine } from '../machine/running-machine.js';

/** How often a machine's use of a processor is looked at. */
const lookMs = 200;
/** Who uses less of a processor waits for something. */
const waitingShare = 0.3;
/** That often, one time after the other, before it counts: a moment at the disk is no end of the work. */
const waitingLooks = 2;
/** Others may be waited for by a machine that is busy asking for them. */
const longestMs = 10_000;

/** How machines that have work to do share the host's processors, and what tests pass of their own. */
export interface TurnOptions {
	readonly clock?: Clock;
	/** The processor time that a process has taken so far, in milliseconds. */
	readonly processorTime?: (pid: number) => number;
}

/** A machine, as far as its turns go: its process, and what rejects when it ends by itself. */
export type TurnTaker = Pick<RunningMachine, 'pid' | 'broken'>;

/**
 * Turns of machines that have work to do at the same time. Emulated machines that all run at once wait for each other's
 * processor and caches: with 16 on two processors each script took eight times as long, which counts against its deadline,
 * and all of them together a third longer than in turns.
 */
export class Turns {
	readonly #places: Semaphore;
	readonly #clock: Clock;
	readonly #processorTime: (pid: number) => number;

	constructor(atOnce: number, { clock = systemClock, processorTime = processorTimeMs }: TurnOptions = {}) {
		this.#places = new Semaphore(atOnce);
		this.#clock = clock;
		this.#processorTime = processorTime;
	}

	/**
	 * Begins a machine's work when its turn has come, and resolves or rejects as the work does. The turn ends with the work;
	 * before, where the machine waits for something or has been busy for ten seconds; or when `signal` aborts. A machine that
	 * breaks while it waits for its turn rejects at once, as does one whose `signal` aborts; work that has begun ends by itself,
	 * so that none is still starting a machine when the clean-up begins.
	 */
	async take<T>({ pid, broken }: TurnTaker, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
		let has: 'waited' | 'begun' | 'gone' = 'waited';
		const taking = this.#places.take(async () => {
			signal.throwIfAborted();
			if (has === 'gone') await broken;
			has = 'begun';
			const begun = { working: work() };
			await this.#untilQuiet(pid, begun.working, signal);
			return begun;
		});
		const { working } = await untilAborted(Promise.race([taking, broken]), signal).catch((error: unknown) => {
			// Its work knows better what the end of its machine means.
			if (has === 'begun') return taking;
			has = 'gone';
			throw error;
		});
		return working;
	}

	async #untilQuiet(pid: number, working: Promise<unknown>, signal: AbortSignal): Promise<void> {
		const over = new AbortController();
		const end = () => over.abort();
		working.then(end, end);
		lettingManyWait(signal).addEventListener('abort', end, { once: true });
		const began = this.#clock.now();
		let used = this.#processorTime(pid);
		for (let quiet = 0; quiet < waitingLooks && this.#clock.now() - began < longestMs; ) {
			await this.#clock.sleep(lookMs, over.signal).catch(() => undefined);
			if (over.signal.aborted) break;
			const now = this.#processorTime(pid);
			quiet = now - used < lookMs * waitingShare ? quiet + 1 : 0;
			used = now;
		}
		signal.removeEventListener('abort', end);
	}
}
