/** The runs that a server answers about: those whose plan is below its root, whoever started them. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { usageFailure } from '../base/errors.js';
import type { RunState } from '../outcome/state.js';
import { findLiveLabs, type LiveLab } from '../runs/live-labs.js';
import { readHolder } from '../runs/run-directory.js';
import { eventLogPath } from '../runs/run-files.js';
import { isRunId } from '../runs/run-id.js';
import { isFromElsewhere, runsNewestFirst } from '../runs/stored-runs.js';
import { FollowedLog } from './followed-log.js';
import type { Root } from './root.js';

/** A run, with its state so far by its log. */
export interface KnownRun {
	readonly id: string;
	readonly directory: string;
	readonly log: FollowedLog;
	readonly state: RunState;
	/** Whether its process is still there. */
	readonly isHeld: boolean;
}

/** Logs that are kept in memory; more runs than are kept on the disk. */
const followedLogs = 32;

/** Finds the runs of one root, and remembers what was read of their logs. */
export class KnownRuns {
	readonly #root: Root;
	readonly #runs: string;
	readonly #logs = new Map<string, FollowedLog>();

	/** @param runs the directory of all runs */
	constructor(root: Root, runs: string) {
		this.#root = root;
		this.#runs = runs;
	}

	/** Its directory, which may not be there. */
	directoryOf(id: string): string {
		return path.join(this.#runs, id);
	}

	/** A run by its id; the newest where there is none. @throws Failure `usage` for one that is not there, or not of this root */
	async find(id: string | undefined): Promise<KnownRun> {
		const found = id === undefined ? (await this.newest(1))[0] : isRunId(id) ? await this.#look(this.directoryOf(id)) : undefined;
		if (found) return found;
		throw usageFailure(id === undefined ? 'no plan below the root has been rehearsed yet' : `there is no run ${id} of a plan below ${this.#root.path}`, {
			hint: id === undefined ? 'run_lab rehearses one' : 'list_runs has those that there are',
		});
	}

	/** The newest runs, newest first. */
	async newest(count: number): Promise<readonly KnownRun[]> {
		const found: KnownRun[] = [];
		for (const directory of runsNewestFirst(this.#runs)) {
			if (found.length >= count) break;
			// One that cannot be read is nobody's here.
			const run = isRunId(path.basename(directory)) ? await this.#look(directory).catch(() => undefined) : undefined;
			if (run) found.push(run);
		}
		return found;
	}

	async #look(directory: string): Promise<KnownRun | undefined> {
		// The plan's path in a stranger's bundle is not believed.
		if (!existsSync(eventLogPath(directory)) || isFromElsewhere(directory)) return undefined;
		const log = this.follow(directory);
		const state = await log.read();
		if (!(await this.#root.holdsPlan(state.planPath))) return undefined;
		return { id: path.basename(directory), directory, log, state, isHeld: (await readHolder(directory))?.isHeld ?? false };
	}

	/** The log of a run, read on from where it was left. */
	follow(directory: string): FollowedLog {
		const log = this.#logs.get(directory) ?? new FollowedLog(directory);
		this.#logs.delete(directory);
		this.#logs.set(directory, log);
		for (const oldest of [...this.#logs.keys()].slice(0, -followedLogs)) this.#logs.delete(oldest);
		return log;
	}

	/** The labs and rehearsals that run now, oldest first. */
	async live(): Promise<readonly LiveLab[]> {
		const found: LiveLab[] = [];
		for (const lab of await findLiveLabs(this.#runs)) if (lab.imported === undefined && (await this.#root.holdsPlan(lab.planPath))) found.push(lab);
		return found;
	}
}
