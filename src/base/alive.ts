import { readFileSync } from 'node:fs';

/**
 * Whether a process with this id runs, whichever user owns it. A zombie (a dead process that its parent has not reaped)
 * does not count.
 */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch (error) {
		// ENOENT: it ended just now. Any other error: it runs, and this user may not read its status.
		return (error as NodeJS.ErrnoException).code !== 'ENOENT';
	}
}
