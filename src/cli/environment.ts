/**
 * Flags from the environment: `--accel` as REHEARSE_ACCEL.
 *
 * yargs has `.env()` for this, but it takes every REHEARSE_… variable for a flag of whichever command runs: with
 * `strict`, a flag of `run` in the environment would make `check` a usage error, and so would REHEARSE_NO_SETUP, which
 * is the launcher's. And it reads `1` as false.
 */
import type { Options } from 'yargs';
import { usageFailure } from '../base/errors.js';
import type { Flags } from './flags.js';

const truths: Readonly<Record<string, boolean>> = { '1': true, true: true, yes: true, '0': false, false: false, no: false };

/** The variable of a flag, such as `REHEARSE_ACCEL`. */
export const variableOf = (flag: string): string => `REHEARSE_${flag.toUpperCase().replaceAll('-', '_')}`;

/** Whether a flag is there to be said no to: of `--no-trace` the variable is REHEARSE_NO_TRACE. */
const isNegated = ({ type, default: preset }: Options): boolean => type === 'boolean' && preset === true;

/**
 * The values that the environment gives to `flags`, for those that it gives one to. An empty variable is none.
 * @throws Failure (usage) when a variable of a yes-or-no flag is neither
 */
export function readEnvironment(flags: Flags, environment: NodeJS.ProcessEnv): Record<string, unknown> {
	const values: Record<string, unknown> = {};
	for (const [flag, options] of Object.entries(flags)) {
		const variable = variableOf(isNegated(options) ? `no-${flag}` : flag);
		const text = environment[variable];
		if (text === undefined || text === '') continue;
		const value = options.type === 'boolean' ? truths[text.toLowerCase()] : text;
		if (value === undefined) throw usageFailure(`${variable}=${text}: expected 1 or 0`);
		values[flag] = isNegated(options) ? !value : value;
	}
	return values;
}
