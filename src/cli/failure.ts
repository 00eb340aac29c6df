import { type ExitCode, toFailure, toReported } from '../base/errors.js';
import { washed } from '../base/wash.js';

/**
 * Prints what a command failed with: what it was, its details and what to do, each on lines of its own. Returns the
 * exit status.
 */
export function printFailure(stderr: { write(text: string): unknown }, error: unknown): ExitCode {
	// What plans and guests have written is quoted in it.
	const { message, detail, hint, exitCode } = washed(toReported(toFailure(error)));
	stderr.write(`rehearse: ${message}\n`);
	if (detail) stderr.write(`${detail.replace(/^/gm, '  ')}\n`);
	if (hint) stderr.write(`hint: ${hint}\n`);
	return exitCode as ExitCode;
}
