/** Which time of the plan's decided over an assertion, as text and for programs. */
import { formatMs } from '../base/format.js';
import type { AssertionOutcome, DecidingTime } from '../lab/events.js';

/** `what decided was its own timeout of 2.0 s`; nothing where the usual time was enough. */
export function decidingTimeText({ decidedBy, status }: Partial<Pick<AssertionOutcome, 'decidedBy' | 'status'>>): string | undefined {
	if (!decidedBy) return undefined;
	const what = decidedBy.by === 'timeout' ? 'its own timeout' : "the scenario's time to settle";
	const usual = status === 'passed' ? ': the usual time was up when it came to hold' : '';
	return `what decided was ${what} of ${formatMs(decidedBy.seconds * 1000)}${usual}`;
}

/** The key of a result object. */
export const decidingTimeResult = ({ decidedBy }: { readonly decidedBy?: DecidingTime }): { readonly decided_by?: DecidingTime } =>
	decidedBy ? { decided_by: { by: decidedBy.by, seconds: decidedBy.seconds } } : {};
