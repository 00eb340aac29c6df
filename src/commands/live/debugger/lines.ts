/** The sources of the debugger's commands: a terminal with a line editor and a history, or any other input. */
import { createInterface, type Interface } from 'node:readline';

export interface CommandLines {
	/** Whether a person types the lines. */
	readonly isTerminal: boolean;
	/** Reads the next line; undefined at the end. The editor begins with `prefilled`. */
	next(prompt: string, prefilled?: string): Promise<string | undefined>;
	/** Reads nothing any more, and leaves the terminal as it was. Whoever waits for a line gets undefined. */
	close(): void;
}

/** Reads lines from a terminal. Between two lines other code may use the terminal, and Ctrl-C reaches the process. */
export function terminalLines(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): CommandLines {
	let history: string[] = [];
	let current: Interface | undefined;
	return {
		isTerminal: true,
		next: (prompt, prefilled = '') =>
			new Promise((resolve) => {
				const editor = createInterface({ input: stdin, output: stdout, prompt, history: [...history], historySize: 500, removeHistoryDuplicates: true });
				current = editor;
				let line: string | undefined;
				editor.on('history', (lines) => (history = lines));
				editor.on('SIGINT', () => {
					// Discard the line, as a shell does.
					stdout.write('^C\n');
					editor.write(null, { ctrl: true, name: 'e' });
					editor.write(null, { ctrl: true, name: 'u' });
					editor.prompt();
				});
				editor.once('line', (typed) => {
					line = typed;
					editor.close();
				});
				editor.once('close', () => {
					current = undefined;
					if (line === undefined) stdout.write('\n');
					resolve(line);
				});
				editor.prompt();
				if (prefilled !== '') editor.write(prefilled);
			}),
		// It would keep the process alive, and the terminal in raw mode.
		close: () => current?.close(),
	};
}

/** Reads lines from a pipe or a file, and echoes each, as a terminal would. */
export function pipedLines(stdin: NodeJS.ReadableStream, echo: (text: string) => void): CommandLines {
	const reader = createInterface({ input: stdin });
	const buffered: string[] = [];
	let isOver = false;
	let wake = () => {};
	reader.on('line', (line) => {
		buffered.push(line);
		wake();
	});
	reader.once('close', () => {
		isOver = true;
		wake();
	});
	return {
		isTerminal: false,
		async next(prompt) {
			if (buffered.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
			const line = buffered.shift();
			if (line !== undefined) echo(`${prompt}${line}\n`);
			return line;
		},
		close: () => reader.close(),
	};
}
