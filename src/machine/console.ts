import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { lastLines, withoutControls } from '../base/format.js';

/** What a guest's console says when there is nothing more to wait for. */
const fatalPatterns: readonly { readonly pattern: RegExp; readonly meaning: string }[] = [
	// With the end of its line: the reason may come in a later chunk.
	{ pattern: /Kernel panic - not syncing: ?([^\r\n]*)[\r\n]/, meaning: 'its kernel panicked' },
	{ pattern: /You are in (?:emergency|rescue) mode/, meaning: 'it dropped to an emergency shell' },
	{ pattern: /Give root password for maintenance/, meaning: 'it dropped to an emergency shell' },
	{ pattern: /^\(initramfs\)/m, meaning: 'it dropped to the shell of its initial ramdisk' },
];

/** What the fatal pattern found in a text means, if there is one. */
export function findFatal(text: string): string | undefined {
	for (const { pattern, meaning } of fatalPatterns) {
		const match = pattern.exec(text);
		if (match) return match[1] ? `${meaning}: ${match[1]}` : meaning;
	}
	return undefined;
}

/** How much of the console is kept in memory, in characters. */
const recentLength = 16_384;

/** A machine's serial console: written to a file, watched, its end kept for messages. */
export class Console {
	readonly #file: WriteStream;
	readonly #onFatal: (meaning: string) => void;
	#recent = '';
	#fatal = false;

	/** @param onFatal called once, with what the console says in words */
	constructor(file: string, onFatal: (meaning: string) => void) {
		this.#file = createWriteStream(file, { flags: 'a' });
		// A full disk must not end a rehearsal: the console's end is still in memory.
		this.#file.on('error', () => undefined);
		this.#onFatal = onFatal;
	}

	write(chunk: Buffer): void {
		this.#file.write(chunk);
		// A pattern can be cut in two by a chunk's end: what came just before is looked at again.
		const seenBefore = this.#recent.slice(-200);
		const text = chunk.toString('utf8');
		this.#recent = (this.#recent + text).slice(-recentLength);
		if (this.#fatal) return;
		const meaning = findFatal(seenBefore + text);
		if (!meaning) return;
		this.#fatal = true;
		this.#onFatal(meaning);
	}

	/** Whether the kernel has announced its restart, which it does whatever else it is told to keep to itself. */
	saysRestart(): boolean {
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
