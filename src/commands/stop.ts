import { interruptedFailure, timeLimitFailure, toFailure } from '../base/errors.js';
import { formatMs } from '../base/format.js';

/** Signals to this process, as a command that runs machines sees them. */
export interface Stopping {
	/** Aborts at the first signal, with a failure that names it, at an exception that nobody catches, and at the time limit. */
	readonly signal: AbortSignal;
	/** Aborts at the second signal: do not wait for the teardown. */
	readonly urgent: AbortSignal;
	/** From now on the first signal calls `release` instead: the lab is detached, and `release` ends it. */
	detach(release: () => void): void;
	/** Stops handling the signals. */
	done(): void;
}

/** For a command that waits until it is interrupted, once it does no more. @throws what has ended it, where that was no signal */
export function throwUnlessInterrupted({ signal }: Pick<Stopping, 'signal'>): void {
	if (signal.aborted && toFailure(signal.reason).code !== 'interrupted') throw signal.reason;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Handles this process's signals until `done`.
 * @param timeLimitMs how long the command may take; without it, as long as it wants
 */
export function stopOnSignals(timeLimitMs?: number): Stopping {
	const aborting = new AbortController();
	const urging = new AbortController();
	let release: (() => void) | undefined;
	const onSignal = (name: NodeJS.Signals) => {
		if (release) {
			release();
			release = undefined;
		} else if (!aborting.signal.aborted) {
			aborting.abort(interruptedFailure(name));
		} else {
			urging.abort(interruptedFailure(`a second ${name}`));
		}
	};
	// Nobody can catch what a listener throws: the run ends with it, in order, and reports it as any failure.
	const onException = (error: unknown) => (aborting.signal.aborted ? urging : aborting).abort(toFailure(error));
	for (const name of signals) process.on(name, onSignal);
	process.on('uncaughtException', onException);
	const limit =
		timeLimitMs === undefined
			? undefined
			: setTimeout(() => aborting.abort(timeLimitFailure(`the time limit of ${formatMs(timeLimitMs)} is over`)), timeLimitMs);
	return {
		signal: aborting.signal,
		urgent: urging.signal,
		detach: (then) => (release = then),
		done: () => {
			clearTimeout(limit);
			for (const name of signals) process.off(name, onSignal);
			process.off('uncaughtException', onException);
		},
	};
}
