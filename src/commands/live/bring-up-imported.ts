/** Brings an imported lab up: its machines go on here as they were saved, to stay. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brokenFailure, fromReported, usageFailure } from '../../base/errors.js';
import type { Lab } from '../../lab/lab.js';
import { acquireLock } from '../../process/lock.js';
import type { ImportedLab } from '../../prepare/from-saved-lab.js';
import { parseSavedLab } from '../../saved-lab/parse.js';
import { findCheckpointIn } from '../../saved-lab/layout.js';
import { savedLabName, type SavedLab } from '../../saved-lab/saved-lab.js';
import { findLiveLabs } from '../../runs/live-labs.js';
import type { Paths } from '../../runs/paths.js';
import type { RunState } from '../../outcome/state.js';
import { readPlanCopy } from '../../runs/stored-runs.js';
import type { Terminal } from '../terminal.js';
import { bringUp } from './bring-up.js';
import { onlyNodes } from './up.js';

export interface BringUpImportedOptions {
	/** Of the run that was opened. */
	readonly directory: string;
	readonly paths: Paths;
	/** For bringing it up. */
	readonly timeLimitMs: number;
	readonly terminal: Terminal;
}

/** What a run that was opened says of its lab; nothing where it came without machines. @throws Failure `usage` for what cannot be used */
export async function readImportedLab(directory: string): Promise<SavedLab | undefined> {
	const place = await findCheckpointIn(directory);
	if (place === undefined) return undefined;
	return parseSavedLab(await readFile(path.join(place, savedLabName), 'utf8').catch(() => ''));
}

/** Brings the lab up. Resolves when it stays. @throws what kept it from that, the host's fault or that of a machine */
export async function bringUpImported(saved: SavedLab, { directory, paths, timeLimitMs, terminal }: BringUpImportedOptions): Promise<RunState> {
	// Two at once would each find the name free.
	const lock = await acquireLock(path.join(paths.locks, '.opened'), { timeoutMs: timeLimitMs });
	try {
		const lives = await findLiveLabs(paths.runs);
		const running = lives.find(({ imported }) => imported === directory);
		if (running) throw usageFailure(`this run's lab is up already, as ${running.name}`, { hint: `\`rehearse down ${running.name}\` ends it` });
		const imported: ImportedLab = { directory, saved };
		const plan = (await readPlanCopy(directory))?.path;
		const lab = { ...labOf(saved, freeName(saved.lab.name, lives.map(({ name }) => name))), planPath: plan ?? '' };
		const { state, isUp } = await bringUp(
			{
				...{ lab, imported, paths, timeLimitMs },
				labArgument: path.basename(directory),
				accelerator: saved.accelerator.name,
				// Neither are there any of its machines here, nor are they made.
				checkpoints: { cold: true, started: [], limitBytes: 0 },
				trace: saved.trace,
			},
			terminal,
		);
		if (isUp) return state;
		const [error] = state.errors;
		throw error ? fromReported(error) : brokenFailure('not-up', 'the lab did not come up');
	} finally {
		await lock.release();
	}
}

/** Those nodes that had a machine when it was saved. */
const labOf = ({ lab, machines }: SavedLab, name: string): Lab => ({ ...onlyNodes(lab, machines.map(({ node }) => node)), name });

/** A name that no lab has which is up: `web-opened`, `web-opened-2`. */
export function freeName(lab: string, taken: readonly string[]): string {
	const first = `${lab}-opened`;
	for (let count = 1; ; count++) {
		const name = count === 1 ? first : `${first}-${count}`;
		if (!taken.includes(name)) return name;
	}
}
