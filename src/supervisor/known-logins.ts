/**
 * What the login checks of a started lab came to, noted beside its checkpoint. Machines that are restored from that are
 * those that were checked: whoever only rehearses the scenario again need not wait for another login.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../base/files.js';
import { readCheckpoint } from '../checkpoint/store.js';
import type { LoginOutcome } from '../lab/events.js';
import type { RunSpec } from '../protocol/run-spec.js';

const noteName = 'logins.json';

/** A note, and of which checkpoint by that key it is. */
interface Note {
	readonly savedAt: number;
	readonly logins: readonly LoginOutcome[];
}

type Place = Pick<RunSpec, 'checkpoints' | 'startedKey'>;

/** The outcomes that are known of the machines in the started lab's checkpoint; none where nothing was noted of it. */
export async function readKnownLogins(place: Place): Promise<readonly LoginOutcome[]> {
	const checkpoint = await findIt(place);
	if (!checkpoint) return [];
	try {
		const note = JSON.parse(await readFile(path.join(checkpoint.directory, noteName), 'utf8')) as Note;
		return note.savedAt === checkpoint.savedAt ? note.logins : [];
	} catch {
		return [];
	}
}

/** Notes them, where none are noted yet. What cannot be written costs the next run a login. */
export async function keepKnownLogins(place: Place, logins: readonly LoginOutcome[]): Promise<void> {
	const checkpoint = await findIt(place);
	if (!checkpoint || (await readKnownLogins(place)).length > 0) return;
	const note: Note = { savedAt: checkpoint.savedAt, logins };
	await replaceFile(path.join(checkpoint.directory, noteName), `${JSON.stringify(note)}\n`).catch(() => undefined);
}

async function findIt({ checkpoints, startedKey }: Place) {
	if (startedKey === undefined) return undefined;
	const found = await readCheckpoint(path.join(checkpoints, startedKey)).catch(() => undefined);
	return found && 'checkpoint' in found ? { directory: found.checkpoint.directory, ...found.checkpoint.manifest } : undefined;
}
