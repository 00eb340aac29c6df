/** Waiting. Every wait has a deadline, and a signal can abort it. */
import { setMaxListeners } from 'node:events';

/** Lets as many wait for a signal as there are nodes and assertions: that is no leak, of which Node would warn. */
export function lettingManyWait(signal: AbortSignal): AbortSignal {
	setMaxListeners(0, signal);
	return signal;
}

/** The clock of a wait. Tests pass their own. */
export interface Clock {
	/** Milliseconds of a monotonic clock. */
	now(): number;
	/** Resolves after `ms` milliseconds. Rejects with the signal's reason when it aborts first. */
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
			if (signal) lettingManyWait(signal).addEventListener('abort', onAbort, { once: true });
		}),
};

export interface PollOptions {
	readonly intervalMs: number;
	readonly deadlineMs: number;
	readonly clock?: Clock;
	readonly signal?: AbortSignal | undefined;
}

export interface PollOutcome<T> {
	/** The value of the last attempt, accepted or not. */
	readonly last: T;
	readonly accepted: boolean;
	readonly attempts: number;
	readonly ms: number;
}

/**
 * Calls `probe` until `accept` returns true or the deadline passes. It makes one last attempt at the deadline itself, so
 * that a slow host is not judged by an old value. `probe` gets `last`, which is true at that attempt.
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
 * Resolves or rejects as `promise` does. When `ms` milliseconds pass first, it rejects with `onDeadline()`; when `signal`
 * aborts first, with the signal's reason. It does not stop the work behind `promise`: that is the owner's task.
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
	lettingManyWait(either.signal);
	const leaving: (() => void)[] = [];
	for (const signal of signals) {
		if (!signal) continue;
		const onAbort = () => either.abort(signal.reason);
		if (signal.aborted) onAbort();
		lettingManyWait(signal).addEventListener('abort', onAbort, { once: true });
		leaving.push(() => signal.removeEventListener('abort', onAbort));
	}
	try {
		return await body(either.signal);
	} finally {
		for (const leave of leaving) leave();
	}
}

/**
 * Runs `main` while other work is done beside it. Where that fails, the signal of `main` aborts with its error. Resolves
 * when both are done, and rejects as soon as `main` does: nothing of the work is of use then, and its owner ends it.
 */
export async function besides<T>(signal: AbortSignal, main: (either: AbortSignal) => Promise<T>, work: () => Promise<void>): Promise<T> {
	const failing = new AbortController();
	return withEither([signal, failing.signal], async (either) => {
		const running = main(either);
		const working = work().catch((error: unknown) => failing.abort(error));
		const value = await running;
		await working;
		either.throwIfAborted();
		return value;
	});
}

/** Resolves or rejects as `promise` does. When `signal` aborts first, it rejects with the signal's reason. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
	if (!signal) return promise;
	// A rejection after the abort reaches nobody. It must not count as unhandled.
	promise.catch(() => undefined);
	signal.throwIfAborted();
	let onAbort = () => {};
	const aborted = new Promise<never>((_resolve, reject) => {
		onAbort = () => reject(signal.reason as Error);
		lettingManyWait(signal).addEventListener('abort', onAbort, { once: true });
	});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}

/**
 * Waits for all promises, also after one has rejected, so that nothing continues in the background. Then rejects with the
 * first error, in the order of the list.
 */
export async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
	await Promise.allSettled(promises);
	return Promise.all(promises);
}
