import { keepTouched, unseenMs } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { refreshOwn } from '../checkpoint/inventory.js';
import { holderFile } from './run-directory.js';

/**
 * Updates the times of what belongs to this process's run, its directory, its leases and its unfinished checkpoints, for as long as the run goes
 * on: who shares the caches from another container or another host cannot see that the process lives (base/alive.ts).
 */
export function keepFresh(runDirectory: string, checkpoints: string | undefined, cleanup: CleanupStack, everyMs = unseenMs / 6): void {
	keepTouched(holderFile(runDirectory), cleanup, everyMs);
	if (checkpoints === undefined) return;
	const timer = setInterval(() => void refreshOwn(checkpoints).catch(() => undefined), everyMs).unref();
	cleanup.defer('heartbeat', () => clearInterval(timer));
}
