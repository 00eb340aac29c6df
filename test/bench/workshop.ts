/** Where the benchmark works: caches, states and labs of its own, so that it neither uses nor spoils anybody's. */
import { readGuestDefinition } from '../../src/image/guest.js';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Lab } from '../../src/lab/lab.js';
import { bundledLabsDirectory, findPlan } from '../../src/plan/find.js';
import { readPlan } from '../../src/plan/read.js';
import { resolveLab } from '../../src/plan/resolve.js';
import { run } from '../../src/process/run.js';
import { userPaths } from '../../src/runs/paths.js';

/** The lab that everything is measured with. */
export const bundledLab = 'immich-photo-vault';

/** The bundled lab, resolved. */
export const readBundledLab = (): Promise<Lab> => readLab(bundledLab);

/** A lab, resolved: one by its name, or the directory of its plan. */
export async function readLab(lab: string): Promise<Lab> {
	const { document, ...source } = await readPlan(findPlan(lab));
	if (!document) throw new Error(`${source.path} is no plan`);
	return resolveLab({ document, ...source }, await readGuestDefinition());
}

/** A cache that runs of the tool may share. */
export interface Cache {
	/** Value of `XDG_CACHE_HOME`. */
	readonly home: string;
}

export class Workshop {
	/** A directory on the disk where the user's caches are: checkpoints are as fast as they will be there. */
	readonly path: string;
	/** The tool's launcher. */
	readonly program: string;

	readonly #logs: string | undefined;
	#logged = 0;

	private constructor(directory: string, program: string, logs: string | undefined) {
		this.path = directory;
		this.program = program;
		this.#logs = logs;
	}

	/**
	 * Makes a workshop. Its owner closes it.
	 * @param logs a directory for the event logs of all runs; without it they go the way of everything else
	 */
	static async open(program: string, logs?: string): Promise<Workshop> {
		const base = path.dirname(userPaths().cache);
		await mkdir(base, { recursive: true });
		if (logs !== undefined) await mkdir(logs, { recursive: true });
		return new Workshop(await mkdtemp(path.join(base, 'rehearse-bench-')), program, logs);
	}

	/** Keeps the event log of a run, if it is wanted, in the order of the runs. */
	async keepLog(log: string, args: readonly string[]): Promise<void> {
		if (this.#logs === undefined) return;
		const number = String(++this.#logged).padStart(3, '0');
		const label = args.map((arg) => path.basename(arg)).join(' ');
		await writeFile(path.join(this.#logs, `${number} ${label}.ndjson`), log);
	}

	/** Removes everything. */
	close(): Promise<void> {
		return rm(this.path, { recursive: true, force: true });
	}

	/** A directory that did not exist before. */
	async newDirectory(name: string): Promise<string> {
		return mkdtemp(path.join(this.path, `${name}-`));
	}

	/** A cache with the user's images, packages and verdict on the accelerator, and nothing else. */
	async newCache(): Promise<Cache> {
		const home = await this.newDirectory('cache');
		const own = path.join(home, 'rehearse');
		await mkdir(own);
		for (const name of ['images', 'packages', 'accelerator']) {
			const shared = path.join(userPaths().cache, name);
			await mkdir(shared, { recursive: true });
			await symlink(shared, path.join(own, name));
		}
		return { home };
	}

	/** A cache with all that another has. Files are linked, not copied: nothing ever writes to a checkpoint again. */
	async copyCache({ home: original }: Cache): Promise<Cache> {
		const home = await this.newDirectory('cache');
		await run(['cp', '--archive', '--link', path.join(original, 'rehearse'), home]);
		return { home };
	}

	/** A cache with nothing in it. */
	async emptyCache(): Promise<Cache> {
		return { home: await this.newDirectory('cache') };
	}

	/** A copy of the bundled lab, to be edited. */
	async copyLab(): Promise<string> {
		const lab = await this.newDirectory('lab');
		await cp(path.join(bundledLabsDirectory(), bundledLab), lab, { recursive: true });
		return lab;
	}

	/** Puts a plan into a directory of its own; resolves to the directory. */
	async writeLab(plan: object): Promise<string> {
		const lab = await this.newDirectory('lab');
		await writeFile(path.join(lab, 'plan.json'), JSON.stringify(plan, undefined, '\t'));
		return lab;
	}
}

/** A plan as JSON has it: edited as text is, without looking at what it means. */
export interface PlanJson {
	readonly nodes: { name: string; recipe: { packages: string[] } }[];
	readonly scenarios: { custom_tests: object[] }[];
}

/** Edits a lab's plan. */
export async function editPlan(lab: string, edit: (plan: PlanJson) => void): Promise<void> {
	const file = path.join(lab, 'plan.json');
	const plan = JSON.parse(await readFile(file, 'utf8')) as PlanJson;
	edit(plan);
	await writeFile(file, JSON.stringify(plan, undefined, '\t'));
}
