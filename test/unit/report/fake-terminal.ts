import type { Terminal } from '../../../src/report/canvas.js';

/**
 * A terminal that reflows when it is resized, as most do. It knows the sequences that the live view may use and takes
 * any other for an error, and it keeps the text above the view so that erasing too much is seen.
 */
export class FakeTerminal implements Terminal {
	columns: number;
	rows: number;
	isCursorHidden = false;
	lines: string[] = [''];

	constructor(columns: number, rows: number) {
		this.columns = columns;
		this.rows = rows;
	}

	get screen(): string {
		return this.lines.join('\n');
	}

	write(text: string): void {
		for (const [token] of text.matchAll(/\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+/g)) this.#take(token);
	}

	#take(token: string): void {
		const up = /^\x1b\[(\d+)A$/.exec(token);
		if (up) this.#moveUp(Number(up[1]));
		else if (token === '\x1b[?25l') this.isCursorHidden = true;
		else if (token === '\x1b[?25h') this.isCursorHidden = false;
		else if (token === '\n') this.lines.push('');
		else if (token === '\r' || token === '\x1b[J' || /^\x1b\[\d+m$/.test(token)) return;
		else if (token.startsWith('\x1b')) throw new Error(`unknown sequence ${JSON.stringify(token)}`);
		else this.lines.push(this.lines.pop() + token);
	}

	// What lies below is erased at once: the view always does so next.
	#moveUp(rows: number): void {
		this.lines.pop();
		for (let left = rows; left > 0; ) {
			const line = this.lines.pop();
			if (line === undefined) throw new Error('moved above the first line');
			left -= Math.max(1, Math.ceil(line.length / this.columns));
			if (left < 0) throw new Error('moved into the middle of a line');
		}
		this.lines.push('');
	}
}
