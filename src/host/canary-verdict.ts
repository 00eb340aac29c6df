/** For how long a run believes the outcome of an earlier canary. */
import { propertiesOf } from '../machine/accelerators.js';
import type { CanaryOutcome } from '../machine/canary.js';
import type { Accelerator } from '../machine/spec.js';

const hourMs = 60 * 60_000;

/** How long a failure is believed: one that may be owed to a busy host, and any other, which may have been fixed. */
const lateMs = hourMs;
const failedMs = 24 * hourMs;

/** Whether an outcome of `ago` milliseconds before is still believed. */
export function isBelieved(outcome: CanaryOutcome, ageMs: number): boolean {
	if ('ms' in outcome && outcome.noRestore === undefined) return true;
	const mayPass = outcome.isLate || ('byGuest' in outcome && outcome.byGuest);
	return ageMs <= (mayPass ? lateMs : failedMs);
}

/**
 * Boots a canary, and another one where the first was slow, since what it took stretches every deadline until the host is
 * booted again, or where its kernel gave up: in emulation on a very busy host that happens.
 */
export async function bootTwice(accelerator: Pick<Accelerator, 'name'>, boot: () => Promise<CanaryOutcome>): Promise<CanaryOutcome> {
	const { slowMs } = propertiesOf(accelerator).canary;
	const first = await boot();
	if ('byGuest' in first && first.byGuest) return boot();
	if (!('ms' in first) || (first.ms <= slowMs && first.noRestore === undefined)) return first;
	const second = await boot();
	return better(first, second);
}

/** Whether an outcome is remembered. A failure of emulation is not: without it nothing works, so every run tries again. */
export const isRemembered = ({ name }: Pick<Accelerator, 'name'>, outcome: CanaryOutcome): boolean => name !== 'tcg' || 'ms' in outcome;

/** The better of two outcomes: a busy moment of the host makes an outcome worse, never better. */
function better(first: Extract<CanaryOutcome, { ms: number }>, second: CanaryOutcome): CanaryOutcome {
	if (!('ms' in second)) return first;
	const ms = Math.min(first.ms, second.ms);
	if (first.noRestore === undefined || second.noRestore === undefined) return { ms };
	return { ...second, ms };
}
