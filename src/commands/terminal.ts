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
}

/** Width in columns when stdout is not a terminal. */
const defaultWidth = 100;

/** The outputs of this process. Colours follow NO_COLOR and FORCE_COLOR, as Node does. */
export function processTerminal(): Terminal {
	const { stdout, stderr } = process;
	// A closed pipe or terminal must not stop the teardown.
	for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
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
