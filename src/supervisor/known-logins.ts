/**
 * What the login checks of a started lab came to, noted beside its checkpoint. Machines that are restored from that are
 * those that were checked: whoever only rehearses the scenario again need not wait for another login.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../base/files.js';
import { readCheckpoint } from '../checkpoint/store.js';
import type { LoginOutcome } from '../lab/events.js';
import type { MachineRunSpec, RunSpec } from '../protocol/run-spec.js';

const noteName = 'logins.json';

/** A note, and of which checkpoint by that key it is. */
interface Note {
	readonly savedAt: number;
	readonly logins: readonly LoginOutcome[];
}

type Place = Pick<RunSpec, 'checkpoints' | 'startedKey'>;

/** The outcomes that are known of machines as they were saved, of those that are restored as their startup scripts had left them. */
export async function readKnownLogins(machines: readonly Pick<MachineRunSpec, 'spec' | 'origin' | 'restore'>[]): Promise<readonly LoginOutcome[]> {
	const known = machines.map(async ({ spec, origin, restore }) => {
		if (!restore || origin.from !== 'checkpoint' || origin.kind !== 'started') return [];
		const logins = await readNote({ directory: restore.checkpoint, savedAt: origin.savedAt });
		return logins.filter(({ node }) => node === spec.name);
	});
	return (await Promise.all(known)).flat();
}

/** Notes them, where none are noted yet. What cannot be written costs the next run a login. */
export async function keepKnownLogins(place: Place, logins: readonly LoginOutcome[]): Promise<void> {
	const checkpoint = await findIt(place);
	if (!checkpoint || (await readNote(checkpoint)).length > 0) return;
	const note: Note = { savedAt: checkpoint.savedAt, logins };
	await replaceFile(path.join(checkpoint.directory, noteName), `${JSON.stringify(note)}\n`).catch(() => undefined);
}

/** What is noted of a checkpoint, and of none that had its key before. */
async function readNote({ directory, savedAt }: { readonly directory: string; readonly savedAt: number }): Promise<readonly LoginOutcome[]> {
	try {
		const note = JSON.parse(await readFile(path.join(directory, noteName), 'utf8')) as Note;
		return note.savedAt === savedAt ? note.logins : [];
	} catch {
		return [];
	}
}

async function findIt({ checkpoints, startedKey }: Place) {
	if (startedKey === undefined) return undefined;
	const found = await readCheckpoint(path.join(checkpoints, startedKey)).catch(() => undefined);
	return found && 'checkpoint' in found ? { directory: found.checkpoint.directory, ...found.checkpoint.manifest } : undefined;
}
