import { runInNewContext } from 'node:vm';
import { formatMs } from '../base/format.js';
import type { CommandExpectation } from '../lab/lab.js';
import { expressionOf } from '../lab/pattern.js';
import { commandCheck, judgement, quoted, sawEnding, type AssertionOf } from './check.js';

/** The first line of a command, cut where it is long, for a title. */
function brief(command: string): string {
	const line = command.trim().split('\n')[0] ?? '';
	return line.length > 60 || line !== command.trim() ? `${line.slice(0, 60)}…` : line;
}

/** Whether the pattern matches; `$` also matches before the last newline, as in grep(1) and Python. */
const matchesSomewhere = (pattern: string, stdout: string): boolean => {
	const expression = expressionOf(pattern);
	return isFound(expression, stdout) || isFound(expression, stdout.replace(/\n$/, ''));
};

/** How long a pattern may take, in milliseconds: one that goes back and forth takes days for a line, and nothing else goes on meanwhile. */
const patternMs = 2000;

function isFound(expression: RegExp, text: string): boolean {
	try {
		return runInNewContext('expression.test(text)', { expression, text }, { timeout: patternMs }) as boolean;
	} catch (error) {
		const why = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? `is not decided within ${formatMs(patternMs)}` : `is too much for this output (${(error as Error).message})`;
		throw new Error(`the pattern /${expression.source}/ ${why}: write it without repetitions within repetitions`);
	}
}

function describe(expect: CommandExpectation): string {
	const parts = [`exit status ${expect.exitCode}`];
	if (expect.contains !== undefined) parts.push(`stdout with ${quoted(expect.contains)}`);
	if (expect.equals !== undefined) parts.push(`stdout ${quoted(expect.equals)}`);
	if (expect.matches !== undefined) parts.push(`stdout that matches /${expect.matches}/`);
	return parts.join(' and ');
}

/** `command_output`: runs the command as root, in bash. It must meet every expectation that is present. */
export const commandOutput = commandCheck<AssertionOf<'command_output'>>({
	title: ({ command }) => `output of \`${brief(command)}\``,
	probe: ({ command }) => command,
	judge: ({ expect }, result) => {
		const { stdout, exitCode } = result;
		const passed =
			exitCode === expect.exitCode &&
			(expect.contains === undefined || stdout.includes(expect.contains)) &&
			(expect.equals === undefined || stdout.trim() === expect.equals.trim()) &&
			(expect.matches === undefined || matchesSomewhere(expect.matches, stdout));
		return judgement(passed, describe(expect), `${sawEnding(result)} and stdout ${quoted(stdout.trimEnd())}`);
	},
});
