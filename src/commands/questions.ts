/** Questions to a person on a terminal. The one place that imports the library for them, which is loaded when something is asked. */
import { interruptedFailure } from '../base/errors.js';
import type { Terminal } from './terminal.js';

/** Asks one question after the other. Each rejects with a Failure (`interrupted`) when the person ends it with Ctrl-C. */
export interface Questions {
	/**
	 * A line of text, which begins as `preset`. `problem` returns what is wrong with an answer; it is asked again then.
	 */
	text(question: string, preset: string, problem: (answer: string) => string | undefined): Promise<string>;
	/** One of several. */
	choice<T extends string>(question: string, choices: readonly T[], preset: T): Promise<T>;
}

/** Whether there is somebody to ask: a terminal on standard input, and one to write questions to. */
export const canAsk = ({ live }: Pick<Terminal, 'live'>): boolean => process.stdin.isTTY && live;

/** Asks on the terminal of this process. */
export async function askOn({ stderr }: Pick<Terminal, 'stderr'>): Promise<Questions> {
	const { isCancel, select, text } = await import('@clack/prompts');
	const streams = { input: process.stdin, output: stderr };
	const answered = (answer: unknown): string => {
		if (isCancel(answer)) throw interruptedFailure('Ctrl-C');
		return String(answer);
	};
	return {
		text: async (message, initialValue, problem) =>
			answered(await text({ ...streams, message, initialValue, validate: (answer = '') => problem(answer) })),
		choice: async (message, choices, initialValue) => {
			const options = choices.map((value) => ({ value: value as string, label: value as string }));
			return answered(await select({ ...streams, message, options, initialValue: initialValue as string })) as (typeof choices)[number];
		},
	};
}
