import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { CleanupStack } from '../base/cleanup.js';
import { brokenFailure } from '../base/errors.js';
import { startJanitor } from './janitor.js';

/** A lock that this process holds. `release` releases it. */
export interface HeldLock {
	release(): Promise<void>;
}

/** After this many milliseconds without a sign of its holder a lock is free again: the host's power failed. */
const staleMs = 10_000;

/**
 * Takes the lock `name`, and waits while another process of this host holds it. A process that is killed loses its locks at
 * once.
 * @param onWait called once, when it has to wait
 * @throws Failure `lock-timeout` after `timeoutMs`
 */
export async function acquireLock(
	name: string,
	options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined; readonly onWait?: () => void },
): Promise<HeldLock> {
	await mkdir(path.dirname(name), { recursive: true });
	const until = performance.now() + options.timeoutMs;
	for (let attempt = 0; ; attempt++) {
		options.signal?.throwIfAborted();
		try {
			const release = await lockfile.lock(name, {
				realpath: false,
				stale: staleMs,
				retries: 0,
				// After a laptop has slept, another process may have taken the lock. Both may continue: what is built under
				// a lock is built in a staging directory and renamed.
				onCompromised: () => undefined,
			});
			// Releasing a lost lock fails. That error must not hide an error of the work under the lock.
			return await withJanitor(name, () => release().catch(() => undefined));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
		}
		if (attempt === 0) options.onWait?.();
		if (performance.now() > until) {
			throw brokenFailure('lock-timeout', `another process has held the lock ${name} for too long`, {
				hint: 'look for another rehearsal that does the same',
			});
		}
		await new Promise((resolve) => setTimeout(resolve, 250));
	}
}

/** Has a lock that is held removed when this process is killed. */
async function withJanitor(name: string, release: () => Promise<void>): Promise<HeldLock> {
	const cleanup = new CleanupStack();
	// Dismissed first: it must not remove the lock of somebody who has taken it since.
	cleanup.defer('lock', release);
	try {
		await startJanitor('janitor of the lock', ['rmdir', '--', `${name}.lock`], cleanup);
	} catch (error) {
		await cleanup.run();
		throw error;
	}
	return { release: async () => void (await cleanup.run()) };
}
