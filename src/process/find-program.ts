import { constants } from 'node:fs';
import path from 'node:path';
import { isThere } from '../base/files.js';

/** The path of a program, looked up on PATH as execvp(3) does, but not in an empty entry of it; nothing where it is not found. */
export async function findProgram(program: string): Promise<string | undefined> {
	const directories = program.includes('/') ? ['.'] : (process.env['PATH'] ?? '').split(path.delimiter);
	for (const directory of directories) {
		const candidate = path.resolve(directory, program);
		if (directory !== '' && (await isThere(candidate, constants.X_OK))) return candidate;
	}
	return undefined;
}
