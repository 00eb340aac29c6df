import type { RunEvent } from '../../lab/events.js';
import { rehearse, type RehearseOptions } from '../../rehearse/rehearse.js';
import { stopOnSignals } from '../stop.js';

/** A lab to detach, as `rehearse up` describes it to the lab daemon. */
export type DetachedLab = Omit<RehearseOptions, 'keep' | 'scenario' | 'onEvent' | 'stopping'>;

/** Runs in the lab daemon: starts the lab, and resolves when the lab has ended. Signals to the daemon end the lab. */
export async function runDetached(detached: DetachedLab, onEvent: (event: RunEvent) => void): Promise<void> {
	const stopping = stopOnSignals();
	try {
		await rehearse({ ...detached, keep: 'always', scenario: false, onEvent, stopping });
	} finally {
		stopping.done();
	}
}
