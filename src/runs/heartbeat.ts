import { rm } from 'node:fs/promises';
import { keepTouched, unseenMs } from '../base/alive.js';
import type { CleanupStack } from '../base/cleanup.js';
import { refreshOwn } from '../checkpoint/inventory.js';
import { holderFile, writeHolder } from './run-directory.js';

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

/**
 * Makes a run that has ended this process's again, until the clean-up runs: nothing that removes old runs takes it away. One that
 * is gone or cannot be written to is not held, which whoever reads it later finds out.
 * @param runDirectory that of the run; nothing is done where it had none ('')
 */
export async function holdRun(runDirectory: string, cleanup: CleanupStack, everyMs = unseenMs / 6): Promise<void> {
	if (runDirectory === '') return;
	const file = holderFile(runDirectory);
	cleanup.defer(`hold of ${runDirectory}`, () => rm(file, { force: true }));
	await writeHolder(runDirectory).catch(() => undefined);
	keepTouched(file, cleanup, everyMs);
}
