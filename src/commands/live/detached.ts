import type { RunEvent } from '../../lab/events.js';
import { rehearse, type RehearseOptions } from '../../rehearse/rehearse.js';
import { stopOnSignals } from '../stop.js';

/** A lab that is to stay, as `rehearse up` describes it to the process that keeps it. */
export type DetachedLab = Omit<RehearseOptions, 'keep' | 'scenario' | 'onEvent' | 'stopping'>;

/** The process that keeps a lab: brings it up, and ends when the lab does. Signals end both. */
export async function runDetached(detached: DetachedLab, onEvent: (event: RunEvent) => void): Promise<void> {
	const stopping = stopOnSignals();
	try {
		await rehearse({ ...detached, keep: 'always', scenario: false, onEvent, stopping });
	} finally {
		stopping.done();
	}
}
