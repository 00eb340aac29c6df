/** What the tables of the judges share. */
import test from 'ava';
import type { QuestionCheck } from '../../../src/scenario/check.js';
import type { CommandResult } from '../../../src/machine/command-channel.js';

/** A command that ended by itself. */
export const ended = (stdout: string, exitCode = 0, stderr = ''): CommandResult => ({
	stdout,
	stderr,
	exitCode,
	ms: 1,
	timedOut: false,
});

/** Parameters without what every assertion has. */
type Parameters<A> = Omit<A, 'onVm' | 'type'>;

/** Rows of one check: parameters, what the command gave, and whether that passes, or else what the message is. */
export function rows<A>(check: QuestionCheck<A>) {
	return test.macro((t, parameters: Parameters<A>, result: CommandResult, expected: true | RegExp) => {
		const judged = check.judge({ onVm: 'node', ...parameters } as unknown as A, result);
		t.regex(judged.message, /^expected .+, saw .+/s);
		if (expected === true) return t.true(judged.passed, judged.message);
		t.false(judged.passed, judged.message);
		return t.regex(judged.message, expected);
	});
}
