import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { toFailure } from '../base/errors.js';
import type { Emit } from '../lab/events.js';
import type { RunningMachine } from '../machine/running-machine.js';
import type { RunSpec } from '../protocol/run-spec.js';

/** How many lines of a journal are kept. */
const keptLines = 2000;

/**
 * Keeps the end of every machine's journal, which is lost with the machine. They come over the channel that needs no
 * network; a notice reports one that does not come in time, and that is all. Rejects only when `signal` aborts.
 */
export async function saveJournals(
	machines: readonly RunningMachine[],
	{ journals, slowdown }: Pick<RunSpec, 'journals' | 'slowdown'>,
	{ emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<void> {
	const save = async ({ name, guest }: RunningMachine) => {
		try {
			const text = await guest.readJournal(keptLines, slowdown, signal);
			await mkdir(journals, { recursive: true });
			await writeFile(path.join(journals, `${name}.log`), text);
		} catch (error) {
			signal.throwIfAborted();
			emit({ type: 'notice', node: name, message: `its journal was not kept: ${toFailure(error).message}` });
		}
	};
	await Promise.all(machines.map(save));
}
