import { execa } from 'execa';
import type { Readable, Writable } from 'node:stream';
import { pasteable } from '../base/shell.js';
import { withDeadline } from '../base/waiting.js';
import { findProgram } from './find-program.js';
import { withoutHugePages } from './huge-pages.js';
import { niced, niceSession } from './niceness.js';
import { programMissing, type Argv } from './run.js';

/** How a long-running child ended. */
export interface ChildExit {
	readonly exitCode?: number;
	readonly signal?: string;
	/** The end of its standard error. */
	readonly recentStderr: string;
}

export interface ChildOptions {
	/** How far it and its session stand back where processors are short, from 0 to 19 (nice(2)). */
	readonly niceness?: number;
	/** Whether it goes without transparent huge pages. */
	readonly withoutHugePages?: boolean;
	/**
	 * The signal that the kernel sends the child when this process dies, however it dies (prctl(2), PR_SET_PDEATHSIG).
	 * Only for programs that change no identity: the kernel drops the setting then.
	 */
	readonly signalWhenOrphaned?: 'SIGTERM' | 'SIGKILL';
	readonly env?: Record<string, string | undefined>;
	/** `pipe` gives `stdin`; the child sees its end when this process dies, whatever killed it. */
	readonly stdin?: 'ignore' | 'pipe';
	/** Extra descriptors from 3 up, each a pipe from the child that is read through `extra`. */
	readonly extraPipes?: number;
	/** Called with everything on standard output; without it the output is dropped. */
	readonly onStdout?: (chunk: Buffer) => void;
	readonly onStderr?: (chunk: Buffer) => void;
}

/** A child that runs until it is stopped, in a session of its own: Ctrl-C reaches the tool, and the tool decides. */
export interface Child {
	readonly pid: number;
	readonly command: string;
	readonly stdin: Writable | undefined;
	readonly extra: readonly Readable[];
	/** Resolves when the child has ended and its output is read; never rejects. */
	readonly exited: Promise<ChildExit>;
	/** Undefined while it runs. */
	readonly exit: ChildExit | undefined;
	/**
	 * Ends the child: `graceful` first when it is given, then SIGTERM, then SIGKILL, each after `graceMs`.
	 * Resolves when it is gone; never rejects, whatever becomes of `graceful`.
	 */
	stop(options?: { readonly graceful?: () => Promise<unknown> | void; readonly graceMs?: number }): Promise<void>;
	/** Signals the child and the processes that it has started in its group; nobody when it has ended. */
	kill(signal: NodeJS.Signals): void;
}

/** How much of a child's standard error is kept for messages, in bytes. */
const recentBytes = 8192;

/**
 * Starts a long-running child. Its owner registers `stop` before calling this.
 * @throws Failure `program-missing` when the program is not there.
 */
export async function startChild(argv: Argv, options: ChildOptions = {}): Promise<Child> {
	const [program, ...args] = await startedBy(argv, options);
	const subprocess = execa(program, args, {
		reject: false,
		buffer: false,
		detached: true,
		// `stop` says when a child is killed.
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
	// A child that is gone while something is still being written to it is told by `exited`, not by its pipe.
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
				// Not waited for by itself: a child that hangs answers nothing.
				void Promise.resolve()
					.then(graceful)
					.catch(() => undefined);
				if (await endsWithin(exited, graceMs)) return;
			}
			kill('SIGTERM');
			if (await endsWithin(exited, graceMs)) return;
			kill('SIGKILL');
			// A process that left the group may hold the child's pipes open for as long as it likes.
			for (const pipe of subprocess.stdio) pipe?.destroy();
			await exited;
		},
	};
}

/** Signals a whole process group: a child's own children hold its pipes, and would outlive it. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-leader, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}

/** The command that becomes `argv` under the options. It would start in vain, and in other words, where `argv` is not there. */
async function startedBy(argv: Argv, { withoutHugePages: isWithout, niceness = 0, signalWhenOrphaned }: ChildOptions): Promise<Argv> {
	// A host without perl has them all the same: it is about speed alone.
	const paged = isWithout && (await findProgram('perl')) ? withoutHugePages(argv) : argv;
	const wrapped = withDeathSignal(niced(paged, niceness), signalWhenOrphaned);
	if (wrapped !== argv && !(await findProgram(argv[0]))) throw programMissing(argv[0]);
	return wrapped;
}

const withDeathSignal = (argv: Argv, signal: ChildOptions['signalWhenOrphaned']): Argv =>
	signal ? ['setpriv', `--pdeathsig=${signal.slice('SIG'.length)}`, ...argv] : argv;

/** Whether `exited` resolves within `ms`. */
async function endsWithin(exited: Promise<unknown>, ms: number): Promise<boolean> {
	const late = new Error('late');
	return withDeadline(
		exited.then(() => true),
		ms,
		() => late,
	).catch(() => false);
}
