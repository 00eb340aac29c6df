/** Notes on machines that did not come back from a checkpoint whose files are intact. They are in its directory. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const noteOf = (directory: string, node: string): string => path.join(directory, `failed.${node}`);

/** Counts one more failure of a node. Resolves to how many there were in a row, which is 1 where no note can be kept. */
export async function countFailure(directory: string, node: string): Promise<number> {
	const note = noteOf(directory, node);
	const before = Number(await readFile(note, 'utf8').catch(() => '')) || 0;
	await writeFile(note, String(before + 1)).catch(() => undefined);
	return before + 1;
}

/** Forgets a node's failures: it has come back. Never rejects. */
export const clearFailures = (directory: string, node: string): Promise<void> => rm(noteOf(directory, node), { force: true }).catch(() => undefined);
