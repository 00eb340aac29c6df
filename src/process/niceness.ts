/** The niceness of programs (nice(2)). */
import { writeFile } from 'node:fs/promises';
import { poll } from '../base/waiting.js';
import type { Argv } from './run.js';

/** Wraps a command so that it runs with a niceness. @param niceness from 0 (normal) to 19 (lowest priority; nice(1)) */
export const niced = (argv: Argv, niceness: number): Argv => (niceness === 0 ? argv : ['nice', '-n', String(niceness), ...argv]);

/** How long the kernel is tried, in milliseconds. */
const groupDeadlineMs = 5000;

/**
 * Sets the niceness of the session that `leader` leads. With autogroups (sched(7)) Linux shares processor time among
 * sessions, and a process's own niceness only counts within its session. Does nothing where the kernel has no autogroups,
 * or refuses. Never rejects.
 */
export async function niceSession(leader: number, niceness: number): Promise<void> {
	const set = () =>
		writeFile(`/proc/${leader}/autogroup`, `${niceness}`).then(
			() => true,
			// The kernel accepts one change in a tenth of a second, from all processes together.
			(error: unknown) => (error as NodeJS.ErrnoException).code !== 'EAGAIN',
		);
	await poll(set, Boolean, { intervalMs: 60, deadlineMs: groupDeadlineMs }).catch(() => undefined);
}
