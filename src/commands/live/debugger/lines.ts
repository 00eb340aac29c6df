/** Where the debugger's commands come from: a terminal with a line editor and a history, or any other input. */
import { createInterface } from 'node:readline';

export interface CommandLines {
	/** Whether a person types. */
	readonly isTerminal: boolean;
	/** The next line; undefined at the end. `prefilled` is what the person finds and edits. */
	next(prompt: string, prefilled?: string): Promise<string | undefined>;
	close(): void;
}

/** Lines from a terminal. Between them it is free for other uses, and Ctrl-C is the process's. */
export function terminalLines(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): CommandLines {
	let history: string[] = [];
	return {
		isTerminal: true,
		next: (prompt, prefilled = '') =>
			new Promise((resolve) => {
				const editor = createInterface({ input: stdin, output: stdout, prompt, history: [...history], historySize: 500, removeHistoryDuplicates: true });
				let line: string | undefined;
				editor.on('history', (lines) => (history = lines));
				editor.on('SIGINT', () => {
					// What was typed is given up, as in a shell.
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
					if (line === undefined) stdout.write('\n');
					resolve(line);
				});
				editor.prompt();
				if (prefilled !== '') editor.write(prefilled);
			}),
		close: () => undefined,
	};
}

/** Lines of an input that nobody types; each is shown, as a terminal would have. */
export function pipedLines(stdin: NodeJS.ReadableStream, echo: (text: string) => void): CommandLines {
	const reader = createInterface({ input: stdin });
	const detached: string[] = [];
	let isOver = false;
	let wake = () => {};
	reader.on('line', (line) => {
		detached.push(line);
		wake();
	});
	reader.once('close', () => {
		isOver = true;
		wake();
	});
	return {
		isTerminal: false,
		async next(prompt) {
			if (detached.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
			const line = detached.shift();
			if (line !== undefined) echo(`${prompt}${line}\n`);
			return line;
		},
		close: () => reader.close(),
	};
}
