import { execa } from 'execa';
import type { Readable, Writable } from 'node:stream';
import { pasteable } from '../base/shell.js';
import { withDeadline } from '../base/waiting.js';
import { findProgram } from './find-program.js';
import { withoutHugePages } from './huge-pages.js';
import { niced, niceSession } from './niceness.js';
import { programMissing, withDeathSignal, type Argv } from './run.js';

/** How a long-running child ended. */
export interface ChildExit {
	readonly exitCode?: number;
	readonly signal?: string;
	/** The end of its standard error. */
	readonly recentStderr: string;
}

export interface ChildOptions {
	/** The niceness of the child and its session, from 0 (normal) to 19 (lowest priority; nice(2)). */
	readonly niceness?: number;
	/** Whether transparent huge pages are turned off for it. */
	readonly withoutHugePages?: boolean;
	/**
	 * The signal that the kernel sends to the child when this process dies, whatever ends this process (prctl(2),
	 * PR_SET_PDEATHSIG). Only for programs that do not change their user or group: the kernel drops the setting then.
	 */
	readonly signalWhenOrphaned?: 'SIGTERM' | 'SIGKILL';
	readonly env?: Record<string, string | undefined>;
	/** `pipe` provides `stdin`. The child reads its end when this process dies, whatever ends this process. */
	readonly stdin?: 'ignore' | 'pipe';
	/** How many extra descriptors the child has, from 3 up. Each is a pipe that this process reads through `extra`. */
	readonly extraPipes?: number;
	/** Called with each chunk of standard output. Without it the output is dropped. */
	readonly onStdout?: (chunk: Buffer) => void;
	readonly onStderr?: (chunk: Buffer) => void;
}

/** A child that runs until somebody stops it. It has its own session, so Ctrl-C reaches only the tool, and the tool decides. */
export interface Child {
	readonly pid: number;
	readonly command: string;
	readonly stdin: Writable | undefined;
	readonly extra: readonly Readable[];
	/** Resolves when the child has ended and all its output was read. Never rejects. */
	readonly exited: Promise<ChildExit>;
	/** Undefined while it runs. */
	readonly exit: ChildExit | undefined;
	/**
	 * Ends the child: calls `graceful` first where it is given, then sends SIGTERM, then SIGKILL, each after `graceMs`
	 * milliseconds. Resolves when the child has ended. Never rejects, even when `graceful` does.
	 */
	stop(options?: { readonly graceful?: () => Promise<unknown> | void; readonly graceMs?: number }): Promise<void>;
	/** Signals the child's process group. Does nothing when the child has ended. */
	kill(signal: NodeJS.Signals): void;
}

/** How many bytes of a child's standard error are kept for messages. */
const recentBytes = 8192;

/**
 * Starts a long-running child. The caller registers `stop` for clean-up before calling this.
 * @throws Failure `program-missing` when the program is not installed
 */
export async function startChild(argv: Argv, options: ChildOptions = {}): Promise<Child> {
	const [program, ...args] = await startedBy(argv, options);
	const subprocess = execa(program, args, {
		reject: false,
		buffer: false,
		detached: true,
		// `stop` decides when a child is killed.
		forceKillAfterDelay: false,
		env: { LC_ALL: 'C.UTF-8', ...options.env },
		stdio: [
			options.stdin ?? 'ignore',
			'pipe',
			'pipe',
			...Array.from({ length: options.extraPipes ?? 0 }, () => 'pipe' as const),
		],
	});
	const pid = subprocess.pid;
	if (pid === undefined) {
		const result = await subprocess;
		if ((result as { code?: string }).code === 'ENOENT') throw programMissing(program);
		throw result;
	}
	if (options.niceness) void niceSession(pid, options.niceness);
	let recentStderr = '';
	subprocess.stdout?.on('data', (chunk: Buffer) => options.onStdout?.(chunk));
	subprocess.stderr?.on('data', (chunk: Buffer) => {
		recentStderr = (recentStderr + chunk.toString()).slice(-recentBytes);
		options.onStderr?.(chunk);
	});
	// When a child ends while somebody writes to it, `exited` reports it, not the pipe.
	subprocess.stdin?.on('error', () => undefined);
	let exit: ChildExit | undefined;
	const exited = subprocess.then((result) => {
		exit = {
			...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
			...(result.signal === undefined ? {} : { signal: result.signal }),
			recentStderr,
		};
		return exit;
	});
	const kill = (signal: NodeJS.Signals) => {
		if (!exit) signalGroup(pid, signal);
	};
	return {
		pid,
		command: pasteable(argv),
		stdin: (subprocess.stdin as Writable | null) ?? undefined,
		extra: subprocess.stdio.slice(3) as Readable[],
		exited,
		get exit() {
			return exit;
		},
		kill,
		async stop({ graceful, graceMs = 5000 } = {}) {
			if (graceful && !exit) {
				// Not awaited: a child that hangs never answers.
				void Promise.resolve()
					.then(graceful)
					.catch(() => undefined);
				if (await endsWithin(exited, graceMs)) return;
			}
			kill('SIGTERM');
			if (await endsWithin(exited, graceMs)) return;
			kill('SIGKILL');
			// A process that left the group may hold the child's pipes open for any time.
			for (const pipe of subprocess.stdio) pipe?.destroy();
			await exited;
		},
	};
}

/** Signals a whole process group: the child's own children hold its pipes and would outlive it. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-leader, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}

/**
 * Wraps `argv` in the commands that apply the options. It checks that the program exists, because the wrapper's own error
 * would name no package.
 */
async function startedBy(argv: Argv, { withoutHugePages: isWithout, niceness = 0, signalWhenOrphaned }: ChildOptions): Promise<Argv> {
	// A host without perl keeps huge pages: turning them off only affects speed.
	const paged = isWithout && (await findProgram('perl')) ? withoutHugePages(argv) : argv;
	const nice = niced(paged, niceness);
	const wrapped = signalWhenOrphaned ? withDeathSignal(nice, signalWhenOrphaned) : nice;
	if (wrapped !== argv && !(await findProgram(argv[0]))) throw programMissing(argv[0]);
	return wrapped;
}

/** Whether `exited` resolves within `ms`. */
async function endsWithin(exited: Promise<unknown>, ms: number): Promise<boolean> {
	const late = new Error('late');
	return withDeadline(
		exited.then(() => true),
		ms,
		() => late,
	).catch(() => false);
}
