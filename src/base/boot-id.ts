import { readFile } from 'node:fs/promises';

/** Identifies the host's boot: another one after every power-on (random(4)). */
export const readBootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
