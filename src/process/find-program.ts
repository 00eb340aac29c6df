import { constants } from 'node:fs';
import path from 'node:path';
import { isThere } from '../base/files.js';

/**
 * Finds a program on PATH as execvp(3) does, except that it ignores empty entries of PATH. Resolves to its path, or to
 * undefined.
 */
export async function findProgram(program: string): Promise<string | undefined> {
	const directories = program.includes('/') ? ['.'] : (process.env['PATH'] ?? '').split(path.delimiter);
	for (const directory of directories) {
		const candidate = path.resolve(directory, program);
		if (directory !== '' && (await isThere(candidate, constants.X_OK))) return candidate;
	}
	return undefined;
}
