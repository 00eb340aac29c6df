/**
 * In which order the assertions of one node are tried, and for how long. All are tried once before any is tried again,
 * so that what does not hold is known early, and deadlines run side by side. No I/O: callers pass the time.
 */

export interface RoundsOptions<Task> {
	/** For each assertion that has no time of its own, from its first try on, in milliseconds. */
	readonly deadlineMs: number;
	/** The times of an assertion's own. */
	readonly timesOf?: (task: Task) => OwnTimes;
	/** From the end of a try to the next one of the same assertion. */
	readonly intervalMs: number;
}

/** Times that a plan gives an assertion. */
export interface OwnTimes {
	/** From its first try on, in milliseconds. */
	readonly deadlineMs?: number | undefined;
	/** Until when it does not fail, in milliseconds of the caller's clock. */
	readonly settledAt?: number | undefined;
}

/** The result of a try, which decides whether there is another. */
export interface TryResult {
	readonly passed: boolean;
	/** No further try can see anything else. */
	readonly giveUp?: boolean;
	/**
	 * It holds, but not for long enough yet: a try after this time decides, in milliseconds, also where it comes after
	 * the deadline.
	 */
	readonly holdsInMs?: number | undefined;
}

/** An assertion that is not settled. Times are those of the caller's clock, in milliseconds. */
export interface Turn<Task> {
	readonly task: Task;
	/** When its next try may begin; in the past for one that was never tried. */
	readonly dueAt: number;
	/** Tries that have begun. */
	readonly attempts: number;
	/** When its first try began. */
	readonly firstAt: number;
	/** When it is tried for the last time; infinite before its first try. */
	readonly deadlineAt: number;
	/** When that would be without any time of the plan's. */
	readonly usuallyAt: number;
	/** Which time of the plan's has set it, if one has. */
	readonly limit?: 'timeout' | 'settle';
}

type Waiting<Task> = { -readonly [Key in keyof Turn<Task>]: Turn<Task>[Key] } & {
	/** It was given time beyond its deadline to hold; once is enough for what flaps. */
	isProlonged?: boolean;
};

/** The tries of a node's assertions. One at a time: `next`, `begin`, `end`. */
export class Rounds<Task> {
	readonly #options: RoundsOptions<Task>;
	/** In the order of the plan. */
	#waiting: readonly Waiting<Task>[];
	#isLastTry = false;

	constructor(tasks: readonly Task[], options: RoundsOptions<Task>) {
		this.#options = options;
		this.#waiting = tasks.map((task) => ({ task, attempts: 0, dueAt: -Infinity, firstAt: Infinity, deadlineAt: Infinity, usuallyAt: Infinity }));
	}

	/** What is to be tried next, once it is due; nothing when all are settled. */
	next(): Turn<Task> | undefined {
		const [first, ...others] = this.#waiting;
		return first && others.reduce((soonest, other) => (other.dueAt < soonest.dueAt ? other : soonest), first);
	}

	/** The next try begins. A try that begins at the deadline or later is the last. */
	begin(now: number): void {
		const turn = this.next() as Waiting<Task>;
		turn.attempts += 1;
		if (turn.attempts === 1) {
			turn.firstAt = now;
			this.#setDeadline(turn, now);
		}
		this.#isLastTry = now >= turn.deadlineAt;
	}

	/** That try is over. Returns whether its assertion is settled. */
	end({ passed, giveUp, holdsInMs }: TryResult, now: number): boolean {
		const turn = this.next() as Waiting<Task>;
		if (holdsInMs !== undefined && !turn.isProlonged && now + holdsInMs > turn.deadlineAt) {
			turn.isProlonged = true;
			turn.deadlineAt = now + holdsInMs;
			this.#isLastTry = false;
		}
		const isSettled = passed || giveUp === true || this.#isLastTry;
		if (passed) this.#prolongAfter(turn, now);
		turn.dueAt = Math.min(now + (holdsInMs ?? this.#options.intervalMs), turn.deadlineAt);
		if (isSettled) this.#waiting = this.#waiting.filter((other) => other !== turn);
		return isSettled;
	}

	/** What the plan names after something that came late may need it, and has its whole time from then on. */
	#prolongAfter(turn: Waiting<Task>, now: number): void {
		for (const later of this.#waiting.slice(this.#waiting.indexOf(turn) + 1)) {
			if (later.attempts > 0) this.#setDeadline(later, now);
		}
	}

	/** Its time begins now. */
	#setDeadline(turn: Waiting<Task>, now: number): void {
		const { deadlineMs, timesOf } = this.#options;
		const own = timesOf?.(turn.task) ?? {};
		const ownAt = now + (own.deadlineMs ?? deadlineMs);
		const { settledAt = -Infinity } = own;
		turn.usuallyAt = now + deadlineMs;
		turn.deadlineAt = Math.max(ownAt, settledAt);
		if (settledAt > ownAt) turn.limit = 'settle';
		else if (own.deadlineMs !== undefined) turn.limit = 'timeout';
		else delete turn.limit;
	}
}
