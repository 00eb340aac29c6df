import { createWriteStream, statSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { lastLines, withoutControls } from '../base/format.js';

/** The meaning of a kernel that has halted its machine: no fault, since somebody within has asked for it. */
export const haltedMeaning = 'it was halted from within';

/** A text on a console that means an end. Its parts are bounded: a guest may write the beginning of one again and again. */
export interface FatalPattern {
	/** A group in it is the reason, and is reported. */
	readonly pattern: RegExp;
	readonly meaning: string;
}

/** What a guest's console shows when there is nothing more to wait for. */
const fatalPatterns: readonly FatalPattern[] = [
	// With the end of its line, or as much of it as is told: the reason may come in a later chunk.
	{ pattern: /Kernel panic - not syncing: ?(?=([^\r\n]{0,300}))(?:[^\r\n]{300}|[^\r\n]{0,299}[\r\n])/, meaning: 'its kernel panicked' },
	{ pattern: /You are in (?:emergency|rescue) mode/, meaning: 'it dropped to an emergency shell' },
	{ pattern: /Give root password for maintenance/, meaning: 'it dropped to an emergency shell' },
	{ pattern: /^\(initramfs\)/m, meaning: 'it dropped to the shell of its initial ramdisk' },
	// Its processors are halted then, and QEMU goes on.
	{ pattern: /\breboot: System halted/, meaning: haltedMeaning },
];

/** Finds a fatal pattern in a text. Returns its meaning, if there is one. @param others that are looked for first */
export function findFatal(text: string, others: readonly FatalPattern[] = []): string | undefined {
	for (const { pattern, meaning } of [...others, ...fatalPatterns]) {
		const match = pattern.exec(text);
		if (match) return match[1] ? `${meaning}: ${match[1]}` : meaning;
	}
	return undefined;
}

/** How much of the console is kept in memory, in characters. */
const recentLength = 16_384;

/** How much of it is looked at again with each chunk, in characters: more than the longest pattern takes. */
const overlapLength = 512;

/** How much of the console is written to its file, in bytes, and how much may wait for a slow disk. */
export const maximumLogBytes = 64 * 2 ** 20;
const maximumWaitingBytes = 8 * 2 ** 20;

export interface ConsoleListeners {
	/** Called once, with the meaning of what the console shows. */
	readonly onFatal: (meaning: string) => void;
	/** Called once, when its file is not written any more. */
	readonly onFull?: () => void;
	/** Called with all that it writes. */
	readonly onText?: (text: string) => void;
	/** What else means an end. */
	readonly fatalPatterns?: readonly FatalPattern[];
}

/** A machine's serial console: written to a file, watched, its end kept for messages. */
export class Console {
	readonly #file: WriteStream;
	readonly #listeners: ConsoleListeners;
	#room: number;
	#recent = '';
	#fatal = false;

	constructor(file: string, listeners: ConsoleListeners) {
		// A machine that was restarted goes on with it.
		this.#room = maximumLogBytes - (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
		this.#file = createWriteStream(file, { flags: 'a' });
		// A full disk must not end a rehearsal: the console's end is still in memory.
		this.#file.on('error', () => undefined);
		this.#listeners = listeners;
	}

	write(chunk: Buffer): void {
		this.#log(chunk);
		// A pattern can be cut in two by a chunk's end: what came just before is looked at again.
		const seenBefore = this.#recent.slice(-overlapLength);
		const text = chunk.toString('utf8');
		this.#recent = (this.#recent + text).slice(-recentLength);
		this.#listeners.onText?.(text);
		if (this.#fatal) return;
		const meaning = findFatal(seenBefore + text, this.#listeners.fatalPatterns);
		if (!meaning) return;
		this.#fatal = true;
		this.#listeners.onFatal(meaning);
	}

	#log(chunk: Buffer): void {
		if (this.#room <= 0 || this.#file.writableLength > maximumWaitingBytes) return;
		this.#file.write(chunk.subarray(0, this.#room));
		this.#room -= chunk.length;
		if (this.#room <= 0) this.#listeners.onFull?.();
	}

	/** Whether the kernel has announced its restart, which it does at every log level. */
	announcedRestart(): boolean {
		return /\breboot: (?:Restarting system|machine restart)|\bsysrq: Resetting/.test(this.#recent);
	}

	/** The last lines, fit to be quoted. */
	tail(count = 15): string {
		return lastLines(withoutControls(this.#recent), count);
	}

	async close(): Promise<void> {
		if (this.#file.destroyed) return;
		this.#file.end();
		await once(this.#file, 'close').catch(() => undefined);
	}
}
