/** Values that the kernel reports in /proc (proc(5)). */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The id of the host's current boot. It changes with every boot (random(4)). */
export const readBootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

/**
 * Finds a size by its name in the text of a /proc file that lists sizes in kB, such as `status` or `smaps_rollup`. Returns
 * bytes.
 */
export function parseProcSize(text: string, name: string): number | undefined {
	const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
	return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Linux reports processor time in hundredths of a second (USER_HZ, proc(5)), whatever its own tick is. */
const tickMs = 10;

/** The processor time of a process, user and system time together, in milliseconds; 0 when the process has ended. */
export function processorTimeMs(pid: number): number {
	try {
		return parseProcessorTime(readFileSync(`/proc/${pid}/stat`, 'utf8'));
	} catch {
		return 0;
	}
}

/**
 * Reads the processor time from the text of /proc/PID/stat, in milliseconds. The program's name, in parentheses, may
 * contain any characters.
 */
export function parseProcessorTime(stat: string): number {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	// utime and stime are fields 14 and 15; the first one here is the third.
	return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
