/**
 * Reads flags from the environment: `--accel` is REHEARSE_ACCEL.
 *
 * yargs has `.env()` for this, but it takes every REHEARSE_… variable for a flag of whichever command runs. With `strict`,
 * a variable for a flag of `run` would then make `check` a usage error, and so would REHEARSE_NO_SETUP, which the launcher
 * reads. And yargs reads `1` as false.
 */
import type { Options } from 'yargs';
import { usageFailure } from '../base/errors.js';
import type { Flags } from './flags.js';

/** What stands for yes and for no, in small letters. */
export const truths: Readonly<Record<string, boolean>> = { '1': true, true: true, yes: true, '0': false, false: false, no: false };

/** The environment variable of a flag, such as `REHEARSE_ACCEL`. */
export const variableOf = (flag: string): string => `REHEARSE_${flag.toUpperCase().replaceAll('-', '_')}`;

/** Whether people only use the negation of a flag: the variable of `--no-trace` is REHEARSE_NO_TRACE. */
const isNegated = ({ type, default: preset }: Options): boolean => type === 'boolean' && preset === true;

/** Names of nodes are lists of words: a variable has all of them. */
const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** The value of a flag. A wrong one is told by the name of its variable, which is not on the command line. */
function valueOf(text: string, { type, choices, array }: Options, variable: string): unknown {
	const value = type === 'boolean' ? truths[text.toLowerCase()] : array ? wordsOf(text) : text;
	if (value === undefined) throw usageFailure(`${variable}=${text}: expected 1 or 0`);
	if (choices && !choices.includes(text)) throw usageFailure(`${variable}=${text}: expected ${choices.join(', ')}`);
	if (type === 'number' && !Number.isFinite(Number(text.trim() || 'none'))) throw usageFailure(`${variable}=${text}: expected a number`);
	return value;
}

/**
 * Reads the values of `flags` from the environment. It ignores empty variables.
 * @throws Failure `usage` for a value that the flag cannot have
 */
export function readEnvironment(flags: Flags, environment: NodeJS.ProcessEnv): Record<string, unknown> {
	const values: Record<string, unknown> = {};
	for (const [flag, options] of Object.entries(flags)) {
		const variable = variableOf(isNegated(options) ? `no-${flag}` : flag);
		const text = environment[variable];
		if (text === undefined || text === '') continue;
		const value = valueOf(text, options, variable);
		values[flag] = isNegated(options) ? !value : value;
	}
	return values;
}
