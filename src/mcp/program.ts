/** Runs the program itself as a child: for rehearsals, labs and exports. */
import { Failure, type ExitCode } from '../base/errors.js';
import { programFile } from '../base/package-root.js';
import { washedText } from '../base/wash.js';
import { startChild, type Child } from '../process/child.js';
import { run, type Argv } from '../process/run.js';

const argvOf = (args: readonly string[]): Argv => [process.execPath, programFile('main'), ...args];

/** What of this process's environment is not for the program: a client's own CI, and what would show its model passwords. */
const environment = { GITHUB_ACTIONS: undefined, REHEARSE_SHOW_SECRETS: undefined, NO_COLOR: '1' } as const;

/** Starts the program. It ends when this process is gone, however that ended, and takes everything down then. */
export const startProgram = (args: readonly string[], onStderr?: (text: string) => void): Promise<Child> =>
	startChild(argvOf(args), {
		signalWhenOrphaned: 'SIGTERM',
		env: environment,
		...(onStderr ? { onStderr: (chunk) => onStderr(chunk.toString()) } : {}),
	});

/** The command line of the program, for somebody who starts it when this process is gone. */
export const programCommand = argvOf;

/** Runs the program to its end, and resolves to what it printed. @throws the Failure that it reported */
export async function runProgram(args: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string> {
	const { stdout, stderr, exitCode } = await run(argvOf(args), { env: environment, allowFailure: true, timeoutMs, signal });
	if (exitCode !== 0) throw failureOf(stderr, exitCode);
	return stdout;
}

/** The failure that the program reported on standard error, with its exit status. */
export function failureOf(stderr: string, exitCode: number): Failure {
	const text = washedText(stderr).trimEnd();
	const at = text.lastIndexOf('rehearse: ');
	const [message = '', ...rest] = (at < 0 ? text : text.slice(at + 'rehearse: '.length)).split('\n');
	const hint = rest.find((line) => line.startsWith('hint: '))?.slice('hint: '.length);
	const detail = [...(at > 0 ? [text.slice(0, at).trimEnd()] : []), ...rest.filter((line) => !line.startsWith('hint: '))].join('\n');
	const reported = message === '' ? `rehearse ended with exit status ${exitCode} and no message` : message;
	return new Failure(exitCode === 2 ? 'usage' : 'program', exitCode as ExitCode, reported, { hint, detail: detail === '' ? undefined : detail });
}
