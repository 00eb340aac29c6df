/** What a person does at a serial console: waits for words, and types. */
import { withoutControls } from '../../base/format.js';
import { untilAborted, withDeadline } from '../../base/waiting.js';
import type { Failure } from '../../base/errors.js';
import type { Wait } from '../guest.js';

/** How much of what was not waited for is kept, in characters. */
const keptLength = 512 * 1024;

/** How long words are that are waited for, at most, with what a terminal is told between them. */
const longestWords = 1024;

export interface TerminalOptions {
	readonly type: (text: string) => void;
	/** Rejects when the machine breaks. */
	readonly broken: Promise<never>;
	readonly late: (what: string, deadlineMs: number) => Failure;
}

/** The console of one machine. One waits at a time. */
export class Terminal {
	readonly #options: TerminalOptions;
	#text = '';
	#look: (fresh: number) => void = () => undefined;

	constructor(options: TerminalOptions) {
		this.#options = options;
	}

	/** Takes what the guest writes. */
	take(text: string): void {
		this.#text = (this.#text + text).slice(-keptLength);
		this.#look(text.length);
	}

	/** Types a line. */
	type(line: string): void {
		this.#options.type(`${line}\r`);
	}

	/** Presses keys. */
	press(keys: string): void {
		this.#options.type(keys);
	}

	/** Waits for words behind those that were waited for before. @throws Failure `machine-deadline` for `what` */
	async says(pattern: RegExp, wait: Wait, what: string): Promise<RegExpExecArray> {
		return (await this.reads(pattern, wait, what)).match;
	}

	/** The same, with all that was written up to them. */
	async reads(pattern: RegExp, { deadlineMs, signal }: Wait, what: string): Promise<{ readonly match: RegExpExecArray; readonly text: string }> {
		const { broken, late } = this.#options;
		const found = new Promise<{ readonly match: RegExpExecArray; readonly text: string }>((resolve) => {
			this.#look = (fresh) => {
				// Only where they may be: there can be much before them.
				const match = pattern.exec(withoutControls(this.#text.slice(-fresh - longestWords)));
				if (!match) return;
				this.#look = () => undefined;
				const text = withoutControls(this.#text);
				this.#text = '';
				resolve({ match, text });
			};
			this.#look(this.#text.length);
		});
		try {
			return await withDeadline(untilAborted(Promise.race([found, broken]), signal), deadlineMs, () => late(what, deadlineMs), signal);
		} finally {
			this.#look = () => undefined;
		}
	}
}
