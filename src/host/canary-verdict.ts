/** For how long what became of a canary is taken for true. */
import { propertiesOf } from '../machine/accelerators.js';
import type { CanaryOutcome } from '../machine/canary.js';
import type { Accelerator } from '../machine/spec.js';

const hourMs = 60 * 60_000;

/** How long a failure is believed: one that may be owed to a busy host, and any other, which may have been fixed. */
const lateMs = hourMs;
const failedMs = 24 * hourMs;

/** Whether an outcome of so many milliseconds ago need not be seen again. */
export function isBelieved(outcome: CanaryOutcome, ageMs: number): boolean {
	if ('ms' in outcome && outcome.noRestore === undefined) return true;
	return ageMs <= (outcome.isLate ? lateMs : failedMs);
}

/**
 * Boots a canary, and another one where the first was slow: what it took stretches every deadline until the host is booted
 * again.
 */
export async function bootTwice(accelerator: Pick<Accelerator, 'name'>, boot: () => Promise<CanaryOutcome>): Promise<CanaryOutcome> {
	const { slowMs } = propertiesOf(accelerator).canary;
	const first = await boot();
	if (!('ms' in first) || (first.ms <= slowMs && first.noRestore === undefined)) return first;
	const second = await boot();
	return better(first, second);
}

/** The one of two that says more for the host: a busy moment makes nothing better than it is. */
function better(first: Extract<CanaryOutcome, { ms: number }>, second: CanaryOutcome): CanaryOutcome {
	if (!('ms' in second)) return first;
	const ms = Math.min(first.ms, second.ms);
	if (first.noRestore === undefined || second.noRestore === undefined) return { ms };
	return { ...second, ms };
}
