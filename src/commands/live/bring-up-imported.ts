/** Starts an imported lab as a detached lab: its machines continue as they were saved. */
import path from 'node:path';
import { brokenFailure, fromReported, usageFailure } from '../../base/errors.js';
import { readRegular } from '../../base/files.js';
import { maximumDescriptionBytes } from '../../bundle/manifest.js';
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
	/** The directory of the imported run. */
	readonly directory: string;
	readonly paths: Paths;
	/** Time limit for the start, in milliseconds. */
	readonly timeLimitMs: number;
	readonly terminal: Terminal;
}

/**
 * Reads the description of an imported run's lab; undefined where the bundle had no machines.
 * @throws Failure `usage` for an invalid description
 */
export async function readImportedLab(directory: string): Promise<SavedLab | undefined> {
	const checkpoint = await findCheckpointIn(directory);
	if (checkpoint === undefined) return undefined;
	return parseSavedLab(await readRegular(path.join(checkpoint, savedLabName), maximumDescriptionBytes, directory).catch(() => ''));
}

/** Starts the lab. Resolves when it is ready. @throws the failure that prevented it, of the host or of a machine */
export async function bringUpImported(saved: SavedLab, { directory, paths, timeLimitMs, terminal }: BringUpImportedOptions): Promise<RunState> {
	// Without the lock, two imports at once would choose the same name.
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
				// The store of this machine has no checkpoints of these machines, and none are made.
				checkpoints: { cold: true, started: [], limitBytes: 0 },
				course: { trace: saved.trace },
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

/** The lab, reduced to the nodes whose machines were saved. */
const labOf = ({ lab, machines }: SavedLab, name: string): Lab => ({ ...onlyNodes(lab, machines.map(({ node }) => node)), name });

/** A name for an imported lab that no running lab has: `web-opened`, `web-opened-2`. */
export function freeName(lab: string, taken: readonly string[]): string {
	const first = `${lab}-opened`;
	for (let count = 1; ; count++) {
		const name = count === 1 ? first : `${first}-${count}`;
		if (!taken.includes(name)) return name;
	}
}
