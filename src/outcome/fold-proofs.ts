/** The part of the fold that is about proofs: second runs, restarts, other orders. */
import type { AnnouncedTest, AssertionOutcome, ProofName, RunEvent } from '../lab/events.js';
import { withAssertion } from './fold-tests.js';
import type { ProofRecords } from './state.js';

/** What is to be proved, before anything of it was. */
export const announcedProofs = (names: readonly ProofName[], tests: readonly AnnouncedTest[]): ProofRecords => ({
	...(names.includes('twice') ? { twice: { scripts: [], tests } } : {}),
	...(names.includes('reboot') ? { reboot: { machines: [], tests } } : {}),
});

/** The records with an assertion of the scenario that was run for a proof. */
export function withProofAssertion(proofs: ProofRecords, proof: ProofName, outcome: AssertionOutcome, at: number): ProofRecords {
	if (proof === 'twice') {
		const { scripts, tests } = proofs.twice ?? { scripts: [], tests: [] };
		return { ...proofs, twice: { scripts, tests: withAssertion(tests, outcome, at) } };
	}
	const { machines, tests } = proofs.reboot ?? { machines: [], tests: [] };
	return { ...proofs, reboot: { machines, tests: withAssertion(tests, outcome, at) } };
}

type ProofEvent = Extract<
	RunEvent,
	{ readonly type: 'script-repeated' | 'machine-restarted' | 'shuffle-started' | 'order-finished' }
>;

/** The records with one more event. */
export function withProofEvent(proofs: ProofRecords, event: ProofEvent): ProofRecords {
	switch (event.type) {
		case 'script-repeated': {
			const { scripts, tests } = proofs.twice ?? { scripts: [], tests: [] };
			const { type: _type, at: _at, ...outcome } = event;
			return { ...proofs, twice: { scripts: [...scripts, outcome], tests } };
		}
		case 'machine-restarted': {
			const { machines, tests } = proofs.reboot ?? { machines: [], tests: [] };
			const { node, ms, missing } = event;
			return { ...proofs, reboot: { machines: [...machines, { node, ms, missing }], tests } };
		}
		case 'shuffle-started':
			return { ...proofs, shuffle: { seed: event.seed, count: event.count, orders: [] } };
		case 'order-finished': {
			const { seed, count, orders } = proofs.shuffle ?? { seed: 0, count: 0, orders: [] };
			const { order, verdict, failures, runDirectory } = event;
			return { ...proofs, shuffle: { seed, count, orders: [...orders, { order, verdict, failures, runDirectory }] } };
		}
	}
}
