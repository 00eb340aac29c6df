import type { RunEvent } from '../../lab/events.js';
import type { RunCourse } from '../../protocol/run-spec.js';
import { rehearse, type RehearseOptions } from '../../rehearse/rehearse.js';
import { writeCrash } from '../../runs/ended-labs.js';
import { stopOnSignals } from '../stop.js';

/** A lab to detach, as `rehearse up` describes it to the lab daemon. */
export interface DetachedLab extends Omit<RehearseOptions, 'course' | 'onEvent' | 'stopping'> {
	readonly course: Omit<RunCourse, 'keep' | 'scenario'>;
}

/** Runs in the lab daemon: starts the lab, and resolves when the lab has ended. Signals to the daemon end the lab. */
export async function runDetached(detached: DetachedLab, onEvent: (event: RunEvent) => void): Promise<void> {
	const stopping = stopOnSignals();
	// Nobody reads what this process shows: its log has it.
	process.on('uncaughtExceptionMonitor', (error) => process.stderr.write(`${new Date().toISOString()} ${error.stack ?? String(error)}\n`));
	try {
		const course: RunCourse = { ...detached.course, keep: 'always', scenario: false };
		const state = await rehearse({ ...detached, course, onEvent, stopping });
		const crash = state.errors.find(({ code }) => code === 'internal');
		if (crash && state.detached) await writeCrash(state.runDirectory, { name: detached.lab.name, log: detached.daemonLog, message: crash.message });
	} finally {
		stopping.done();
	}
}
