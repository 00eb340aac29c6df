/** The definition of a command for the command line. */
import type { ArgumentsCamelCase, Argv, InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import { type ExitCode, usageFailure } from '../base/errors.js';
import { patience } from '../base/patience.js';
import type { Terminal } from '../commands/terminal.js';
import { readEnvironment } from './environment.js';
import type { Flags } from './flags.js';

/** The arguments behind `--`, unchanged. */
export const argumentsBehind = (values: object): readonly string[] => ((values as { '--'?: readonly unknown[] })['--'] ?? []).map(String);

export interface CommandDefinition<P extends Readonly<Record<string, PositionalOptions>>, F extends Flags> {
	/** Name and positional arguments in yargs' notation, such as `run [lab]`. */
	readonly usage: string;
	readonly describe: string;
	readonly positionals: P;
	readonly flags: F;
	/** Whether it takes what stands behind `--`. */
	readonly takesRest?: boolean;
	/** Runs the command. It imports the command's module only now, because `check` and `--help` need little of the program. */
	run(values: ArgumentsCamelCase<InferredOptionTypes<P> & InferredOptionTypes<F>>, terminal: Terminal): Promise<ExitCode>;
}

/** The directory of this user's runs. The module is imported when a command needs it. */
export const runsDirectory = async (): Promise<string> => (await import('../runs/paths.js')).userPaths().runs;

/** A command that can be added to a parser. */
export interface Command {
	readonly name: string;
	readonly usage: string;
	readonly describe: string;
	readonly positionals: Readonly<Record<string, PositionalOptions>>;
	readonly flags: Flags;
	/** Adds the command to a parser. When it runs, its exit status becomes that of the process. */
	add(parser: Argv, terminal: Terminal): Argv;
}

/**
 * A flag as the parser has it: one that is not boolean needs a value, unless its definition has it otherwise, and of a
 * repeated one the last counts, unless it is a list.
 */
export function parsed(definition: Options): Options {
	const options = { requiresArg: definition.type !== 'boolean', ...definition };
	return options.array ? options : { ...options, coerce: (value: unknown) => (Array.isArray(value) ? (value.at(-1) as unknown) : value) };
}

const nameIn = (usage: string): string => usage.replace(/ .*/, '');

/** Makes a command from its definition. */
export const defineCommand = <P extends Readonly<Record<string, PositionalOptions>>, F extends Flags>(
	definition: CommandDefinition<P, F>,
): Command => ({
	name: nameIn(definition.usage),
	usage: definition.usage,
	describe: definition.describe,
	positionals: definition.positionals,
	flags: definition.flags,
	add: (parser, terminal) =>
		parser.command(
			definition.usage,
			// Hidden where it is not described.
			(definition.describe || false) as string,
			(command) => {
				for (const [name, options] of Object.entries(definition.positionals)) command.positional(name, options);
				for (const [name, options] of Object.entries(definition.flags)) command.option(name, parsed(options));
				// Read now: deep in a run a wrong value would be reported as a fault of the host's.
				patience();
				return command.config(readEnvironment(definition.flags, process.env));
			},
			async (values) => {
				const [first] = definition.takesRest ? [] : argumentsBehind(values);
				if (first !== undefined) throw usageFailure(`nothing goes behind -- here: ${first}`, { hint: `\`rehearse ${nameIn(definition.usage)} --help\` has what it takes` });
				// TypeScript cannot infer types through the loop above. yargs' own inference gives the types of positionals
				// and flags.
				const typed = values as Parameters<typeof definition.run>[0];
				process.exitCode = await definition.run(typed, terminal);
			},
		),
});
