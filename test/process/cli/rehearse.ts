/** The built command line as a child, with directories of its own for everything that it keeps. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { pasteable } from '../../../src/base/shell.js';
import { run, type Argv, type CommandResult } from '../../../src/process/run.js';

/** The compiled program beside the compiled tests. */
export const program = path.resolve(import.meta.dirname, '..', '..', '..', 'bin', 'main.js');

/** The plans under test/; tests run from the root of the repository. */
export const plans = path.resolve('test', 'plans');

export interface Rehearse {
	/** An empty directory: home, caches, state and working directory of the program. */
	readonly directory: string;
	/** Runs the program with these arguments; whatever exit status is a result. */
	rehearse(args: readonly string[], options?: RehearseRunOptions): Promise<CommandResult>;
	/** The same on a terminal of its own, by script(1); stdout holds stderr too. */
	terminal: Rehearse['rehearse'];
	/** Everything that is in the directory now, by path. */
	written(): Promise<string[]>;
}

export interface RehearseRunOptions {
	readonly env?: Readonly<Record<string, string>>;
	/** Options for Node itself. */
	readonly node?: readonly string[];
	/** Working directory, which is the empty one otherwise. */
	readonly cwd?: string;
}

/** A program with an empty home; gone when the test ends. */
export async function makeRehearse(t: ExecutionContext): Promise<Rehearse> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-cli-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	// Of the flags that the person who runs the tests may have set, none is to be seen; nor CI, where Node has no colours.
	const ours = Object.keys(process.env).filter((name) => name.startsWith('REHEARSE_'));
	const env = {
		...Object.fromEntries([...ours, 'NO_COLOR', 'FORCE_COLOR', 'CI'].map((name) => [name, undefined])),
		HOME: directory,
		XDG_CACHE_HOME: path.join(directory, 'cache'),
		XDG_STATE_HOME: path.join(directory, 'state'),
	};
	const start = (argv: Argv, { env: more = {}, cwd = directory }: RehearseRunOptions) =>
		run(argv, { allowFailure: true, timeoutMs: 60_000, cwd, env: { ...env, ...more } });
	const argvOf = (args: readonly string[], node: readonly string[] = []): Argv => [process.execPath, ...node, program, ...args];
	return {
		directory,
		rehearse: (args, options = {}) => start(argvOf(args, options.node), options),
		terminal: (args, options = {}) => {
			const command = pasteable(argvOf(args, options.node));
			return start(['script', '--quiet', '--return', '--command', command, '/dev/null'], options);
		},
		written: async () => (await readdir(directory, { recursive: true })).sort(),
	};
}
