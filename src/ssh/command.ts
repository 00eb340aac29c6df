/** The text of commands for the guest's shell, and what came of running one. Pure. */
import { quote } from '../base/shell.js';

/** What came of a command in the guest. */
export interface ExecResult {
	readonly stdout: string;
	readonly stderr: string;
	/** Absent when the command was killed by a signal or had not ended in time. */
	readonly exitCode: number | undefined;
	/** Name of the signal that ended it, without `SIG`. */
	readonly signal?: string;
	readonly ms: number;
	/** The command had not ended when its time was up; stdout and stderr are what it had written by then. */
	readonly timedOut: boolean;
}

/** Written to stderr by root's shell before the command runs: a positive token that sudo let us in. */
const entered = 'rehearse: entered as root';

/** The line after which stdin belongs to the command. */
const inputBegins = 'rehearse: input begins';

/** A line for the user's shell, and what to send to its stdin. */
export interface PreparedCommand {
	readonly command: string;
	readonly input: string;
}

/**
 * The command line that runs `command` in root's bash by way of the user's sudo, and what to send to its stdin.
 *
 * `-k` makes sudo ignore a password it remembers, so that it always reads the line with it. Where it reads none
 * after all (NOPASSWD, or the user is root), the password would be left in front of the command's own input; the
 * shell therefore skips what comes before the line that begins the input. Its `read` takes byte by byte from a pipe,
 * so nothing of the input is lost, and being built in, none of this starts a process.
 */
export function underSudo(command: string, password: string, input: string): PreparedCommand {
	const script = [
		`while IFS= read -r REPLY && [ "$REPLY" != '${inputBegins}' ]; do :; done; unset REPLY; echo '${entered}' >&2`,
		command,
	].join('\n');
	return {
		command: `sudo -k -S -p '' -- bash -c ${quote(script)}`,
		input: `${password}\n${inputBegins}\n${input}`,
	};
}

/**
 * stderr as the command wrote it, without what sudo said before (such as its lecture); undefined when root's shell was
 * never entered, and then the whole of stderr is sudo's.
 */
export function stderrUnderSudo(stderr: string): string | undefined {
	const line = `${entered}\n`;
	const start = stderr.indexOf(line);
	return start === -1 ? undefined : stderr.slice(start + line.length);
}
