import { execa } from 'execa';
import { brokenFailure, hostFailure } from '../base/errors.js';
import { lastLines } from '../base/format.js';
import { packageOf } from '../base/programs.js';
import { pasteable } from '../base/shell.js';
import { lettingManyWait } from '../base/waiting.js';
import { findProgram } from './find-program.js';

/** A command as the kernel takes it: a program and its arguments, never a line for a shell. */
export type Argv = readonly [program: string, ...args: string[]];

export interface RunOptions {
	/** Written to standard input. Without it standard input is empty. */
	readonly input?: string | Uint8Array;
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal | undefined;
	readonly cwd?: string;
	/** Added to this process's environment. `undefined` removes a variable. */
	readonly env?: Record<string, string | undefined>;
	/** Whether the kernel kills the command when this process dies, whatever ends it; see `ChildOptions` of ./child. */
	readonly killWhenOrphaned?: boolean;
	/** Whether a non-zero exit status is a result and not an error. A missing program is always an error. */
	readonly allowFailure?: boolean;
}

export interface CommandResult {
	readonly stdout: string;
	readonly stderr: string;
	readonly exitCode: number;
	readonly ms: number;
}

/**
 * Runs a short command, and waits for its end.
 * @throws Failure `program-missing` (exit 3), `command-timeout` or `command-failed` (exit 4). The last two name the
 * command, ready to paste, with the last lines that it wrote.
 */
export async function run(argv: Argv, options: RunOptions = {}): Promise<CommandResult> {
	// The failure of setpriv(1) would not name the package that has the program.
	if (options.killWhenOrphaned && !(await findProgram(argv[0]))) throw programMissing(argv[0]);
	const [program, ...args] = options.killWhenOrphaned ? withDeathSignal(argv, 'SIGKILL') : argv;
	const start = performance.now();
	const result = await execa(program, args, {
		reject: false,
		...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
		...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
		...(options.signal ? { cancelSignal: lettingManyWait(options.signal) } : {}),
		...(options.cwd === undefined ? {} : { cwd: options.cwd }),
		env: { LC_ALL: 'C.UTF-8', ...options.env },
	});
	options.signal?.throwIfAborted();
	const ms = performance.now() - start;
	const { stdout, stderr, exitCode } = result;
	if (exitCode === undefined) throw notRun(argv, result);
	if (exitCode !== 0 && !options.allowFailure) {
		throw brokenFailure('command-failed', `${argv[0]} exited with status ${exitCode}: ${pasteable(argv)}`, {
			detail: lastLines(stderr || stdout, 20),
		});
	}
	return { stdout, stderr, exitCode, ms };
}

/** The command, sent a signal by the kernel when the process dies that starts it (prctl(2), PR_SET_PDEATHSIG). */
export const withDeathSignal = (argv: Argv, signal: 'SIGTERM' | 'SIGKILL'): Argv => ['setpriv', `--pdeathsig=${signal.slice('SIG'.length)}`, ...argv];

/** What execa reports of a command that did not exit by itself. */
interface NotRun {
	readonly code?: string | undefined;
	readonly timedOut: boolean;
	readonly durationMs: number;
	readonly signal?: string | undefined;
	readonly stderr: string;
	readonly shortMessage?: string | undefined;
}

function notRun(argv: Argv, error: NotRun): Error {
	if (error.code === 'ENOENT') return programMissing(argv[0]);
	const detail = lastLines(error.stderr, 20);
	if (error.timedOut) {
		return brokenFailure('command-timeout', `timed out after ${error.durationMs.toFixed(0)} ms: ${pasteable(argv)}`, { detail });
	}
	const how = error.signal ? `was killed by ${error.signal}` : error.shortMessage ?? 'did not run';
	return brokenFailure('command-failed', `${argv[0]} ${how}: ${pasteable(argv)}`, { detail, cause: error });
}

/** The failure for a missing program. Its hint names the Debian package that contains it. */
export function programMissing(program: string): Error {
	const debianPackage = packageOf(program);
	return hostFailure('program-missing', `${program} was not found`, {
		hint: debianPackage ? `sudo apt-get install ${debianPackage}` : `install ${program}, or put it on PATH`,
	});
}
