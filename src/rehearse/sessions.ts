import type { Lab } from '../lab/lab.js';
import { SshPool } from '../ssh/pool.js';
import type { SupervisedRun } from './supervised.js';

/** SSH sessions with a lab's machines, each as its declared user and opened when it is first asked for. */
export function openSessions({ machines, deadlines }: SupervisedRun, signal: AbortSignal): SshPool {
	const targets = machines.map(({ spec, address, username, password, hostKey }) => ({
		...{ node: spec.name, host: address, port: 22 },
		...{ username, password, hostKey },
	}));
	return new SshPool(targets, { readyTimeoutMs: deadlines.loginMs, signal });
}

/**
 * Whether a node that is up may be logged in to before the others are: where the scenario will, and nobody is to look at
 * the machines before it, or to save them, as they are without anybody logged in.
 */
export function mayLogInEarly({ lab, scenario, saveStarted, proofs, surveys }: SupervisedRun, node: string): boolean {
	if (!scenario || saveStarted || surveys || proofs.length > 0) return false;
	return isLookedAt(lab, node);
}

/** Whether the scenario has something to say of a node. */
export function isLookedAt(lab: Lab, node: string): boolean {
	return lab.scenarios.some(({ tests }) => tests.some(({ assertions }) => assertions.some(({ onVm }) => onVm === node)));
}
