/** The part of the fold that is about robustness checks: second runs, restarts, other orders. */
import type { AnnouncedTest, AssertionOutcome, RobustnessCheck, RunEvent } from '../lab/events.js';
import { withAssertion } from './fold-tests.js';
import type { RobustnessRecords } from './state.js';

/** The records of the robustness checks that a run announces, before any of them has begun. */
export const announcedRobustness = (names: readonly RobustnessCheck[], tests: readonly AnnouncedTest[]): RobustnessRecords => ({
	...(names.includes('twice') ? { twice: { scripts: [], tests } } : {}),
	...(names.includes('reboot') ? { reboot: { machines: [], tests } } : {}),
});

/** The records with an assertion of the scenario that was run for a robustness check. */
export function withRobustnessAssertion(robustness: RobustnessRecords, check: RobustnessCheck, outcome: AssertionOutcome, at: number): RobustnessRecords {
	if (check === 'twice') {
		const { scripts, tests } = robustness.twice ?? { scripts: [], tests: [] };
		return { ...robustness, twice: { scripts, tests: withAssertion(tests, outcome, at) } };
	}
	const { machines, tests } = robustness.reboot ?? { machines: [], tests: [] };
	return { ...robustness, reboot: { machines, tests: withAssertion(tests, outcome, at) } };
}

type RobustnessEvent = Extract<
	RunEvent,
	{ readonly type: 'script-repeated' | 'machine-restarted' | 'shuffle-started' | 'order-finished' }
>;

/** The records with one more event. */
export function withRobustnessEvent(robustness: RobustnessRecords, event: RobustnessEvent): RobustnessRecords {
	switch (event.type) {
		case 'script-repeated': {
			const { scripts, tests } = robustness.twice ?? { scripts: [], tests: [] };
			const { type: _type, at: _at, ...outcome } = event;
			return { ...robustness, twice: { scripts: [...scripts, outcome], tests } };
		}
		case 'machine-restarted': {
			const { machines, tests } = robustness.reboot ?? { machines: [], tests: [] };
			const { node, ms, missing, scripts, forgotten } = event;
			const again = { ...(scripts ? { scripts } : {}), ...(forgotten ? { forgotten } : {}) };
			return { ...robustness, reboot: { machines: [...machines, { node, ms, missing, ...again }], tests } };
		}
		case 'shuffle-started':
			return { ...robustness, shuffle: { seed: event.seed, count: event.count, orders: [] } };
		case 'order-finished': {
			const { seed, count, orders } = robustness.shuffle ?? { seed: 0, count: 0, orders: [] };
			const { number, order, verdict, failures, runDirectory } = event;
			const numbered = number === undefined ? {} : { number };
			return { ...robustness, shuffle: { seed, count, orders: [...orders, { ...numbered, order, verdict, failures, runDirectory }] } };
		}
	}
}
