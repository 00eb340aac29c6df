/** A block of lines at the end of a terminal's output that is drawn over and over in place. */
import { stripVTControlCharacters } from 'node:util';

/** What is needed of a terminal: `process.stderr`, or a stand-in for it. */
export interface Terminal {
	write(text: string): unknown;
	/** Absent or 0 where the size is not known. */
	readonly columns?: number;
	readonly rows?: number;
}

// ECMA-48 and the DEC private mode for the cursor; every terminal that Node takes for one knows them.
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';
const eraseBelow = '\x1b[J';
/** Empties the line that the cursor is in: what a terminal echoes of Ctrl-C is not to be left before the prompt. */
export const eraseLine = '\r\x1b[K';
const cursorUp = (count: number): string => (count > 0 ? `\x1b[${count}A` : '');

/** The lines at the bottom of a terminal that are drawn over and over. */
export class Canvas {
	readonly #terminal: Terminal;
	#drawn: readonly string[] = [];
	#drawnSize = '';
	#isOpen = false;
	// Runs also when the process is ended from elsewhere; writes to a terminal are synchronous.
	readonly #restoreCursor = (): void => void this.#terminal.write(showCursor);

	constructor(terminal: Terminal) {
		this.#terminal = terminal;
	}

	/** Columns that a line may have. The last one stays free: some terminals wrap when it is written to. */
	get width(): number {
		return Math.max(1, (this.#terminal.columns || 80) - 1);
	}

	/**
	 * Puts `lines` in the place of those drawn before. They may hold colours but must not be wider than `width`.
	 * More lines than the terminal has rows could not be reached again to be drawn over: the first ones are left out.
	 */
	draw(lines: readonly string[]): void {
		this.#drawLast(lines, Math.max(1, (this.#terminal.rows || 24) - 1));
	}

	/** Draws for the last time, all of it, and gives the cursor back. */
	close(lines: readonly string[]): void {
		if (!this.#isOpen) return;
		this.#drawLast(lines, lines.length);
		this.#isOpen = false;
		process.removeListener('exit', this.#restoreCursor);
		this.#terminal.write(showCursor);
	}

	#drawLast(lines: readonly string[], count: number): void {
		const visible = count === 0 ? [] : lines.slice(-count);
		const size = `${this.#terminal.columns}x${this.#terminal.rows}`;
		if (size === this.#drawnSize && visible.join('\n') === this.#drawn.join('\n')) return;
		const text = `\r${cursorUp(this.#rowsDrawn())}${eraseBelow}${visible.map((line) => `${line}\n`).join('')}`;
		this.#terminal.write(this.#isOpen ? text : hideCursor + text);
		if (!this.#isOpen) process.once('exit', this.#restoreCursor);
		this.#isOpen = true;
		this.#drawn = visible;
		this.#drawnSize = size;
	}

	/** Rows that the drawn lines take up now: a terminal that became narrower has broken the longer ones. */
	#rowsDrawn(): number {
		const columns = this.#terminal.columns || 80;
		const rows = this.#drawn.map((line) => Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)));
		return rows.reduce((sum, count) => sum + count, 0);
	}
}
