import { ExitCode } from '../base/errors.js';
import { groupBegin, groupEnd, jsonWithoutCommands, withoutCommands } from '../report/github.js';

/** The outputs of a command: results go to stdout, progress to stderr. */
export interface Terminal {
	readonly stdout: { write(text: string): unknown };
	readonly stderr: NodeJS.WriteStream;
	readonly stdoutColor: boolean;
	readonly stderrColor: boolean;
	/** Width of a summary, in columns. */
	readonly width: number;
	/** Whether a live view can be drawn on stderr. */
	readonly live: boolean;
	/** Present in a job of GitHub Actions, whose runner takes lines of the output for commands. */
	readonly workflow?: Workflow;
}

/** The runner of GitHub Actions. */
export interface Workflow {
	/** Writes commands that the runner is to obey. */
	command(text: string): void;
	/** Folds what is written until the function that this gives is called. */
	group(title: string): () => void;
	/** Where the job's repository is. */
	readonly workspace: string;
	/** Markdown that is appended to this file is shown with the job. */
	readonly summaryFile: string | undefined;
}

/** Width in columns when stdout is not a terminal. */
const defaultWidth = 100;

/** Why a part of the result is missing, if one is. */
let unwritten: Error | undefined;

/** The outputs of this process. A result that cannot be written is no success (exit status 3). Colours follow NO_COLOR and FORCE_COLOR, as Node does. */
export function processTerminal(): Terminal {
	const { stdout, stderr } = process;
	// A closed pipe or terminal must not stop the teardown.
	stderr.on('error', () => undefined);
	stdout.on('error', (error: NodeJS.ErrnoException) => {
		// Whoever closes a pipe has read enough; everybody else lacks a part of the result.
		if (error.code !== 'EPIPE') unwritten ??= error;
	});
	process.on('exit', () => {
		if (!unwritten) return;
		stderr.write(`rehearse: the result could not be written: ${unwritten.message}\n`);
		process.exitCode ||= ExitCode.host;
	});
	return {
		stdout,
		stderr,
		stdoutColor: stdout.isTTY && stdout.hasColors(),
		stderrColor: stderr.isTTY && stderr.hasColors(),
		// Read each time: the terminal may be resized while a command runs.
		get width() {
			return stdout.columns || defaultWidth;
		},
		live: stderr.isTTY && process.env['TERM'] !== 'dumb',
	};
}

/**
 * A terminal that is safe to write what guests wrote to, in this environment: in a job of GitHub Actions nothing that is
 * written through it is a command to the runner.
 */
export function guardedTerminal(terminal: Terminal, environment: NodeJS.ProcessEnv): Terminal {
	if (environment['GITHUB_ACTIONS'] !== 'true') return terminal;
	const { stdout, stderr } = terminal;
	const write = (text: string) => stderr.write(withoutCommands(text));
	const isJson = (text: string) => /^[[{]/.test(text);
	const command = (text: string) => void stderr.write(text);
	return {
		stdout: { write: (text) => stdout.write(isJson(text) ? jsonWithoutCommands(text) : withoutCommands(text)) },
		// Everything else of the stream is that of the stream.
		stderr: Object.create(stderr, { write: { value: write } }) as NodeJS.WriteStream,
		stdoutColor: terminal.stdoutColor,
		stderrColor: terminal.stderrColor,
		get width() {
			return terminal.width;
		},
		live: terminal.live,
		workflow: {
			command,
			group(title) {
				command(groupBegin(title));
				return () => command(groupEnd);
			},
			workspace: environment['GITHUB_WORKSPACE'] ?? process.cwd(),
			summaryFile: environment['GITHUB_STEP_SUMMARY'] || undefined,
		},
	};
}
