/** What a command is to the command line: a row of the table in main.ts. */
import type { ArgumentsCamelCase, Argv, InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import type { ExitCode } from '../base/errors.js';
import { patience } from '../base/patience.js';
import type { Terminal } from '../commands/terminal.js';
import { readEnvironment } from './environment.js';
import type { Flags } from './flags.js';

/** The words behind `--`, as they stand. */
export const wordsBehind = (values: object): readonly string[] => ((values as { '--'?: readonly unknown[] })['--'] ?? []).map(String);

export interface CommandDefinition<P extends Readonly<Record<string, PositionalOptions>>, F extends Flags> {
	/** Name and positional arguments in yargs' notation, such as `run [lab]`. */
	readonly usage: string;
	readonly describe: string;
	readonly positionals: P;
	readonly flags: F;
	/** Does the work, which it loads only now: `check` and `--help` need little of the whole. */
	run(values: ArgumentsCamelCase<InferredOptionTypes<P> & InferredOptionTypes<F>>, terminal: Terminal): Promise<ExitCode>;
}

/** Where this user's runs are; loaded when a command asks, as everything is. */
export const runsDirectory = async (): Promise<string> => (await import('../runs/paths.js')).userPaths().runs;

/** A row of the table. */
export interface Command {
	readonly name: string;
	/** Adds the command to a parser; when it is run, its exit status becomes that of the process. */
	add(parser: Argv, terminal: Terminal): Argv;
}

/** A flag that is given twice counts the second time, instead of becoming a list; but for one that is a list. */
const single = (options: Options): Options =>
	options.array ? options : { ...options, coerce: (value: unknown) => (Array.isArray(value) ? (value.at(-1) as unknown) : value) };

/** Makes a command of its definition. */
export const defineCommand = <P extends Readonly<Record<string, PositionalOptions>>, F extends Flags>(
	definition: CommandDefinition<P, F>,
): Command => ({
	name: definition.usage.replace(/ .*/, ''),
	add: (parser, terminal) =>
		parser.command(
			definition.usage,
			definition.describe,
			(command) => {
				for (const [name, options] of Object.entries(definition.positionals)) command.positional(name, options);
				for (const [name, options] of Object.entries(definition.flags)) command.option(name, single(options));
				// Looked at now: deep in a run it would be told as a fault of the host's.
				patience();
				return command.config(readEnvironment(definition.flags, process.env));
			},
			async (values) => {
				// yargs cannot follow the loop above; the values are those of positionals and flags by its own inference.
				const typed = values as Parameters<typeof definition.run>[0];
				process.exitCode = await definition.run(typed, terminal);
			},
		),
});
