import { execa } from 'execa';
import { brokenFailure, hostFailure } from '../base/errors.js';
import { lastLines } from '../base/format.js';
import { packageOf } from '../base/programs.js';
import { pasteable } from '../base/shell.js';

/** A command as the kernel takes it: program and arguments, never a shell string. */
export type Argv = readonly [program: string, ...args: string[]];

export interface RunOptions {
	/** Written to standard input, which is closed otherwise. */
	readonly input?: string | Uint8Array;
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal | undefined;
	readonly cwd?: string;
	/** Added to this process's environment; `undefined` takes a variable away. */
	readonly env?: Record<string, string | undefined>;
	/** Whether a non-zero exit status is a result instead of an error. A missing program never is. */
	readonly allowFailure?: boolean;
}

export interface CommandResult {
	readonly stdout: string;
	readonly stderr: string;
	readonly exitCode: number;
	readonly ms: number;
}

/**
 * Runs a short command to its end.
 * @throws Failure `program-missing` (exit 3), `command-timeout` or `command-failed` (exit 4), each with the
 * command as it can be pasted and the end of what it wrote.
 */
export async function run(argv: Argv, options: RunOptions = {}): Promise<CommandResult> {
	const [program, ...args] = argv;
	const start = performance.now();
	const result = await execa(program, args, {
		reject: false,
		...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
		...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
		...(options.signal ? { cancelSignal: options.signal } : {}),
		...(options.cwd === undefined ? {} : { cwd: options.cwd }),
		env: { LC_ALL: 'C.UTF-8', ...options.env },
	});
	options.signal?.throwIfAborted();
	const ms = performance.now() - start;
	const { stdout, stderr, exitCode } = result;
	if (exitCode === undefined) throw notRun(argv, result);
	if (exitCode !== 0 && !options.allowFailure) {
		throw brokenFailure('command-failed', `${program} exited with status ${exitCode}: ${pasteable(argv)}`, {
			detail: lastLines(stderr || stdout, 20),
		});
	}
	return { stdout, stderr, exitCode, ms };
}

/** What execa tells of a command that did not end by itself. */
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
		return brokenFailure('command-timeout', `no end in ${error.durationMs.toFixed(0)} ms: ${pasteable(argv)}`, { detail });
	}
	const how = error.signal ? `was killed by ${error.signal}` : error.shortMessage ?? 'did not run';
	return brokenFailure('command-failed', `${argv[0]} ${how}: ${pasteable(argv)}`, { detail, cause: error });
}

/** What is thrown when a program is not there, naming the Debian package that has it. */
export function programMissing(program: string): Error {
	const debianPackage = packageOf(program);
	return hostFailure('program-missing', `${program} was not found`, {
		hint: debianPackage ? `sudo apt-get install ${debianPackage}` : `install ${program}, or put it on PATH`,
	});
}
