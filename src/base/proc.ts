/** What the kernel tells in /proc (proc(5)). */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Identifies the host's boot: another one after every power-on (random(4)). */
export const readBootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/** A size by its name in a file of /proc that has them in kB, such as `status` or `smaps_rollup` (proc(5)), in bytes. */
export function parseProcSize(text: string, name: string): number | undefined {
	const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
	return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Linux tells processor time in hundredths of a second (proc(5), USER_HZ), whatever its own tick is. */
const tickMs = 10;

/** The processor time that a process has taken, its own and the kernel's for it, in milliseconds; 0 for one that is gone. */
export function processorTimeMs(pid: number): number {
	try {
		return parseProcessorTime(readFileSync(`/proc/${pid}/stat`, 'utf8'));
	} catch {
		return 0;
	}
}

/** Reads /proc/PID/stat. The program's name, in parentheses, may hold anything. */
export function parseProcessorTime(stat: string): number {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	// utime and stime are fields 14 and 15; the first one here is the third.
	return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
