/**
 * Notices that the host has slept. Its machines slept with it, and their clocks are as late as they were long asleep: under
 * emulation and under KVM a guest's clock counts no time in which the host was suspended.
 */
import { readFile } from 'node:fs/promises';
import { systemClock, type Clock } from '../base/waiting.js';

/** How often is looked, in milliseconds. */
const intervalMs = 5000;

/** Less than this is what reading two clocks one after the other takes, in milliseconds. */
const least = 1000;

/** By how many milliseconds the clock that counts sleep (CLOCK_BOOTTIME) is ahead of the one that does not (CLOCK_MONOTONIC). */
export async function readSleptMs(): Promise<number> {
	// proc_uptime(5) is of the former, and what node measures time with is the latter.
	const [uptime = ''] = (await readFile('/proc/uptime', 'utf8')).split(' ');
	return Number(uptime) * 1000 - Number(process.hrtime.bigint() / 1_000_000n);
}

/** Calls `onWake` each time the host has slept, with how long, in milliseconds, until the signal aborts. Never rejects. */
export async function watchHostSleep(
	onWake: (sleptMs: number) => void,
	signal: AbortSignal,
	readSlept: () => Promise<number> = readSleptMs,
	clock: Clock = systemClock,
): Promise<void> {
	try {
		for (let before = await readSlept(); ; ) {
			await clock.sleep(intervalMs, signal);
			const now = await readSlept();
			if (now - before >= least) onWake(now - before);
			before = now;
		}
	} catch {
		// The lab is over, or this host reports nothing of its sleep.
	}
}
