import { readFileSync } from 'node:fs';

/** Whether there is a process with this id. One of another user counts too; a zombie, which only waits to be noticed, does not. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch (error) {
		// It has ended in this moment, or may not be looked at.
		return (error as NodeJS.ErrnoException).code !== 'ENOENT';
	}
}
