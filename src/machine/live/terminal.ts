/** What a person does at a serial console: waits for a text, and types. */
import { withoutControls } from '../../base/format.js';
import { untilAborted, withDeadline } from '../../base/waiting.js';
import type { Failure } from '../../base/errors.js';
import type { Wait } from '../guest.js';

/** How much of what was not waited for is kept, in characters. */
const keptLength = 512 * 1024;

/** How long a text is that is waited for, at most, with the terminal's control sequences in it. */
const longestText = 1024;

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

	/** Waits for a text behind the one that was waited for before. @throws Failure `machine-deadline` for `what` */
	async waitFor(pattern: RegExp, wait: Wait, what: string): Promise<RegExpExecArray> {
		return (await this.readUntil(pattern, wait, what)).match;
	}

	/** The same, with all that was written up to it. */
	async readUntil(pattern: RegExp, { deadlineMs, signal }: Wait, what: string): Promise<{ readonly match: RegExpExecArray; readonly text: string }> {
		const { broken, late } = this.#options;
		const found = new Promise<{ readonly match: RegExpExecArray; readonly text: string }>((resolve) => {
			this.#look = (fresh) => {
				// Only where it may be: there can be much before it.
				const match = pattern.exec(withoutControls(this.#text.slice(-fresh - longestText)));
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
