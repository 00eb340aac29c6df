import { utimes } from 'node:fs/promises';
import { unseenMs } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { refreshLeases } from '../checkpoint/inventory.js';
import { holderFile } from './run-directory.js';

/**
 * Updates the times of what belongs to this process's run, its directory and its leases, for as long as the run goes
 * on: who shares the caches from another container or another host cannot see that the process lives (base/alive.ts).
 */
export function keepFresh(runDirectory: string, checkpoints: string | undefined, cleanup: CleanupStack, everyMs = unseenMs / 6): void {
	const touch = () => {
		const now = new Date();
		utimes(holderFile(runDirectory), now, now).catch(() => undefined);
		if (checkpoints !== undefined) refreshLeases(checkpoints).catch(() => undefined);
	};
	const timer = setInterval(touch, everyMs).unref();
	cleanup.defer('heartbeat', () => clearInterval(timer));
}
