/** The niceness of programs (nice(2)). */
import { writeFile } from 'node:fs/promises';
import { poll } from '../base/waiting.js';
import type { Argv } from './run.js';

/** The command that runs `argv` with a niceness. @param niceness from 0, which is not at all, to 19 (nice(1)) */
export const niced = (argv: Argv, niceness: number): Argv => (niceness === 0 ? argv : ['nice', '-n', String(niceness), ...argv]);

/** For how long the kernel is asked, in milliseconds. */
const groupDeadlineMs = 5000;

/**
 * Has the session of a process that leads one stand back as well. With autogroups (sched(7)) processor time is shared among
 * sessions, and a process's own niceness says something within its session only. Where there are none, or not for this
 * process, nothing happens. Never rejects.
 */
export async function niceSession(leader: number, niceness: number): Promise<void> {
	const set = () =>
		writeFile(`/proc/${leader}/autogroup`, `${niceness}`).then(
			() => true,
			// The kernel takes one a tenth of a second, from whomever it comes.
			(error: unknown) => (error as NodeJS.ErrnoException).code !== 'EAGAIN',
		);
	await poll(set, Boolean, { intervalMs: 60, deadlineMs: groupDeadlineMs }).catch(() => undefined);
}
