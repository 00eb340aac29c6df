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
