/** What a program is given of its host, set before it begins: nothing but a system call of its own does that. */
import { writeFile } from 'node:fs/promises';
import { poll } from '../base/waiting.js';
import type { Argv } from './run.js';

export interface Disposition {
	/**
	 * `false`: its memory comes in small pages only, whatever it asks for (prctl(2), PR_SET_THP_DISABLE), so that it gets
	 * little more of it than it touches.
	 */
	readonly hugePages?: boolean;
	/** How far it stands back where processors are short, from 0 to 19 (nice(2)); its session does so, too. */
	readonly niceness?: number;
}

/** The number of prctl(2), where this program knows it. */
const prctlNumbers: Partial<Record<NodeJS.Architecture, number>> = { x64: 157, arm64: 167 };

const setThpDisable = 41;

/** The command that disposes itself so and becomes `argv`. What the host does not allow is left as it is. */
export function disposed(argv: Argv, { hugePages = true, niceness = 0 }: Disposition, arch = process.arch): Argv {
	const prctl = prctlNumbers[arch];
	const steps = [
		...(hugePages || prctl === undefined ? [] : [`syscall ${prctl}, ${setThpDisable}, 1, 0, 0, 0`]),
		...(niceness === 0 ? [] : [`setpriority 0, 0, ${niceness}`]),
	];
	if (steps.length === 0) return argv;
	return ['perl', '-e', [...steps, 'exec {$ARGV[0]} @ARGV or die "$ARGV[0]: $!\\n"'].join('; '), '--', ...argv];
}

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
