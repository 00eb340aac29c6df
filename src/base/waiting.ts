/** Waits: each has a deadline, each can be aborted. */
import { setMaxListeners } from 'node:events';

/** What a wait reads the time from and sleeps on; tests give one of their own. */
export interface Clock {
	/** Milliseconds of a clock that never steps. */
	now(): number;
	/** Resolves after `ms`, rejects with the signal's reason when it aborts first. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this process. */
export const systemClock: Clock = {
	now: () => performance.now(),
	sleep: (ms, signal) =>
		new Promise((resolve, reject) => {
			if (signal?.aborted) return void reject(signal.reason as Error);
			const onAbort = () => {
				clearTimeout(timer);
				reject(signal?.reason as Error);
			};
			const timer = setTimeout(() => {
				signal?.removeEventListener('abort', onAbort);
				resolve();
			}, ms);
			signal?.addEventListener('abort', onAbort, { once: true });
		}),
};

export interface PollOptions {
	readonly intervalMs: number;
	readonly deadlineMs: number;
	readonly clock?: Clock;
	readonly signal?: AbortSignal | undefined;
}

export interface PollOutcome<T> {
	/** The last try's value: the accepted one, or what was seen when the time was up. */
	readonly last: T;
	readonly accepted: boolean;
	readonly attempts: number;
	readonly ms: number;
}

/**
 * Tries until `accept` is content or the deadline passes. One last try is made at the deadline itself, so that a
 * slow host is never judged on a look that was taken long before. `probe` is told whether it is that last try.
 */
export async function poll<T>(
	probe: (try_: { readonly attempt: number; readonly last: boolean }) => Promise<T>,
	accept: (value: T) => boolean,
	options: PollOptions,
): Promise<PollOutcome<T>> {
	const clock = options.clock ?? systemClock;
	const start = clock.now();
	for (let attempt = 1; ; attempt++) {
		options.signal?.throwIfAborted();
		const last = clock.now() - start >= options.deadlineMs;
		const value = await probe({ attempt, last });
		const ms = clock.now() - start;
		if (accept(value)) return { last: value, accepted: true, attempts: attempt, ms };
		if (last) return { last: value, accepted: false, attempts: attempt, ms };
		await clock.sleep(Math.max(0, Math.min(options.intervalMs, options.deadlineMs - ms)), options.signal);
	}
}

/**
 * Resolves or rejects as `promise` does, unless `ms` pass or `signal` aborts first; then rejects with
 * `onDeadline()` or the signal's reason. The work behind `promise` is not stopped: its owner does that.
 */
export async function withDeadline<T>(
	promise: Promise<T>,
	ms: number,
	onDeadline: () => Error,
	signal?: AbortSignal,
): Promise<T> {
	const deadline = new AbortController();
	const timer = setTimeout(() => deadline.abort(onDeadline()), ms);
	try {
		return await withEither([signal, deadline.signal], (either) => untilAborted(promise, either));
	} finally {
		clearTimeout(timer);
	}
}

/**
 * Runs `body` with a signal that aborts with the first of several. Nothing of it is left on them afterwards:
 * `AbortSignal.any` leaves something on a signal that lasts for every wait that there was.
 */
export async function withEither<T>(
	signals: readonly (AbortSignal | undefined)[],
	body: (either: AbortSignal) => Promise<T>,
): Promise<T> {
	const either = new AbortController();
	const leaving: (() => void)[] = [];
	for (const signal of signals) {
		if (!signal) continue;
		// As many wait at once as there are assertions: that is no leak, of which Node would warn.
		setMaxListeners(0, signal);
		const onAbort = () => either.abort(signal.reason);
		if (signal.aborted) onAbort();
		signal.addEventListener('abort', onAbort, { once: true });
		leaving.push(() => signal.removeEventListener('abort', onAbort));
	}
	try {
		return await body(either.signal);
	} finally {
		for (const leave of leaving) leave();
	}
}

/** Resolves or rejects as `promise` does, unless `signal` aborts first; then rejects with its reason. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
	if (!signal) return promise;
	// Nobody hears of it any more when it rejects after an abort; that is no unhandled rejection.
	promise.catch(() => undefined);
	signal.throwIfAborted();
	let onAbort = () => {};
	const aborted = new Promise<never>((_resolve, reject) => {
		onAbort = () => reject(signal.reason as Error);
		signal.addEventListener('abort', onAbort, { once: true });
	});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/** All of them, so that nothing still goes on when this rejects with the first error. */
export async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
	await Promise.allSettled(promises);
	return Promise.all(promises);
}
