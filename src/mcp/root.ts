/** The directory that a server is confined to: it reads plans and writes exports below it only. */
import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Failure, reasonOf, usageFailure } from '../base/errors.js';
import { findPlan } from '../plan/find.js';

/** Resolves paths of a client, and refuses those that are not below the directory. */
export class Root {
	/** Its real path, without symbolic links. */
	readonly path: string;

	private constructor(directory: string) {
		this.path = directory;
	}

	/** @throws Failure `usage` where there is no such directory */
	static async open(directory: string): Promise<Root> {
		const real = await realpath(directory).catch((error: unknown) => {
			throw usageFailure(`--root ${directory} cannot be read: ${reasonOf(error)}`, { cause: error });
		});
		if (!(await stat(real)).isDirectory()) throw usageFailure(`--root ${directory} is no directory`);
		return new Root(real);
	}

	/** Whether a real path is the root or below it. */
	holds(file: string): boolean {
		const relative = path.relative(this.path, file);
		return relative === '' || (relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
	}

	/** The same for the plan of an earlier run, which may be gone, and may have been named through a symbolic link. */
	async holdsPlan(file: string): Promise<boolean> {
		if (file === '') return false;
		return this.holds(await realpath(file).catch(() => path.normalize(file)));
	}

	/** A path as it is shown: relative to the root where it is below it. */
	shown(file: string): string {
		return this.holds(file) ? path.relative(this.path, file) || '.' : file;
	}

	/**
	 * The real path of the plan that a client means: a plan file, or a directory with one.
	 * @throws Failure `usage` for what is not there, no regular file, or not below the root, also by a symbolic link
	 */
	async findPlan(given: string): Promise<string> {
		const wanted = this.#below(given);
		// An absolute path is never taken for the name of a bundled lab.
		const plan = await realpath(findPlan(wanted));
		if (!this.holds(plan)) throw this.#outside(given);
		if (!(await stat(plan)).isFile()) throw usageFailure(`${given} is no regular file`);
		return plan;
	}

	/** The path of a directory that is to be made. @throws Failure `usage` where it is there, has no parent, or is not below the root */
	async newDirectory(given: string): Promise<string> {
		const wanted = this.#below(given);
		const parent = await realpath(path.dirname(wanted)).catch((error: unknown) => {
			throw usageFailure(`${path.dirname(given)} is not there`, { cause: error, hint: 'name a new directory in one that is there' });
		});
		const directory = path.join(parent, path.basename(wanted));
		if (!this.holds(directory)) throw this.#outside(given);
		if (existsSync(directory)) throw usageFailure(`${given} is there already`, { hint: 'name a directory that is not' });
		return directory;
	}

	#below(given: string): string {
		if (given.includes('\0')) throw usageFailure('a path with a NUL byte');
		const wanted = path.resolve(this.path, given);
		// A client does not learn of a path outside even whether there is anything.
		if (!this.holds(wanted)) throw this.#outside(given);
		return wanted;
	}

	#outside(given: string): Failure {
		return usageFailure(`${given} is not below ${this.path}`, { hint: 'this server was started for plans below that directory (`rehearse mcp --root`)' });
	}
}
