/** Names of runs, which are those of their directories. */
import { randomBytes } from 'node:crypto';

/** A name for a new run of a lab: it begins with the time, so that names are in the order of their runs. */
export function newRunId(lab: string): string {
	const stamp = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '');
	return `${stamp}-${lab}-${randomBytes(2).toString('hex')}`;
}

/** Whether a text is such a name. */
export const isRunId = (text: string): boolean => /^\d{8}T\d{6}-[A-Za-z0-9][A-Za-z0-9._-]{0,99}-[0-9a-f]{4}$/.test(text);
