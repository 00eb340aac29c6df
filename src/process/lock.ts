import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { brokenFailure } from '../base/errors.js';

/** A lock that is held: `release` gives it back. */
export interface HeldLock {
	release(): Promise<void>;
}

/** A lock whose holder was killed is anybody's after this long. */
const staleMs = 10_000;

/**
 * Takes the lock `name`, waiting while another process of this host holds it.
 * @param onWait called once when it has to be waited for
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
				// A laptop that slept comes back to a lock that somebody else may have taken. What is done under it is
				// built in a staging directory and renamed, so that both come to a good end.
				onCompromised: () => undefined,
			});
			// Nothing is left to give back when the lock was lost; that must not hide what happened under it.
			return { release: () => release().catch(() => undefined) };
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
		}
		if (attempt === 0) options.onWait?.();
		if (performance.now() > until) {
			throw brokenFailure('lock-timeout', `another process holds ${name} for too long`, {
				hint: 'look for another rehearsal that builds the same thing, or raise the limit',
			});
		}
		await new Promise((resolve) => setTimeout(resolve, 250));
	}
}
