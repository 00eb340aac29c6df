/** Where a command writes: results to stdout, progress to stderr. */
export interface Terminal {
	readonly stdout: { write(text: string): unknown };
	readonly stderr: NodeJS.WriteStream;
	readonly stdoutColor: boolean;
	readonly stderrColor: boolean;
	/** Columns that a summary may take. */
	readonly width: number;
	/** Whether a live view can be drawn on stderr. */
	readonly live: boolean;
}

/** Columns where stdout is no terminal and has none. */
const defaultWidth = 100;

/** This process's terminal. Colours follow NO_COLOR and FORCE_COLOR, as Node does. */
export function processTerminal(): Terminal {
	const { stdout, stderr } = process;
	// A reader that went away, or a terminal that hung up, must not stop the teardown.
	for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
	return {
		stdout,
		stderr,
		stdoutColor: stdout.isTTY && stdout.hasColors(),
		stderrColor: stderr.isTTY && stderr.hasColors(),
		// Asked anew each time: a command may outlive many a resize.
		get width() {
			return stdout.columns || defaultWidth;
		},
		live: stderr.isTTY && process.env['TERM'] !== 'dumb',
	};
}
