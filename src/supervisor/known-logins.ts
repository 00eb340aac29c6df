/**
 * The logins that have passed in a started lab, noted beside its checkpoint. Machines that are restored from that are those
 * that were checked: whoever only rehearses the scenario again need not wait for another login. One that was refused is
 * tried again: a test of the scenario or a busy host may have been why, and no checkpoint has that in it.
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

const hasPassed = ({ status }: LoginOutcome): boolean => status === 'passed';

type Place = Pick<RunSpec, 'checkpoints' | 'startedKey'>;

/** The logins that are known to pass in machines as they were saved, of those that are restored as their startup scripts had left them. */
export async function readKnownLogins(machines: readonly Pick<MachineRunSpec, 'spec' | 'origin' | 'restore'>[]): Promise<readonly LoginOutcome[]> {
	const known = machines.map(async ({ spec, origin, restore }) => {
		if (!restore || origin.from !== 'checkpoint' || origin.kind !== 'started') return [];
		const logins = await readNote({ directory: restore.checkpoint, savedAt: origin.savedAt });
		return logins.filter(({ node }) => node === spec.name);
	});
	return (await Promise.all(known)).flat();
}

/** Notes those that have passed, in the place of what was noted of their nodes. What cannot be written costs the next run a login. */
export async function keepKnownLogins(place: Place, outcomes: readonly LoginOutcome[]): Promise<void> {
	const checkpoint = await findIt(place);
	if (!checkpoint || outcomes.length === 0) return;
	const others = (await readNote(checkpoint)).filter(({ node }) => !outcomes.some((outcome) => outcome.node === node));
	const note: Note = { savedAt: checkpoint.savedAt, logins: [...others, ...outcomes.filter(hasPassed)] };
	await replaceFile(path.join(checkpoint.directory, noteName), `${JSON.stringify(note)}\n`).catch(() => undefined);
}

/** What is noted of a checkpoint, and of none that had its key before. */
async function readNote({ directory, savedAt }: { readonly directory: string; readonly savedAt: number }): Promise<readonly LoginOutcome[]> {
	try {
		const note = JSON.parse(await readFile(path.join(directory, noteName), 'utf8')) as Note;
		// Earlier versions have noted the others too.
		return note.savedAt === savedAt ? note.logins.filter(hasPassed) : [];
	} catch {
		return [];
	}
}

async function findIt({ checkpoints, startedKey }: Place) {
	if (startedKey === undefined) return undefined;
	const found = await readCheckpoint(path.join(checkpoints, startedKey)).catch(() => undefined);
	return found && 'checkpoint' in found ? { directory: found.checkpoint.directory, ...found.checkpoint.manifest } : undefined;
}
