import type { Readable } from 'node:stream';

export interface LineOptions {
	/** How long a line may be, in bytes; one that is longer is left out. */
	readonly maximumBytes: number;
	readonly onLine: (line: string) => void;
	/** Called with the first line that is left out. */
	readonly onOverlong?: () => void;
}

const newline = 0x0a;

/**
 * Reads a stream's lines, also one without a newline at its end. Other than node:readline it ends a line at a newline only,
 * and holds no more of one than it may have: whoever writes it may never end it.
 */
export function readLines(stream: Readable, { maximumBytes, onLine, onOverlong }: LineOptions): void {
	let parts: Buffer[] = [];
	let length = 0;
	let isTold = false;
	const take = (part: Buffer) => {
		length += part.length;
		if (length <= maximumBytes) return void parts.push(part);
		parts = [];
		if (!isTold) onOverlong?.();
		isTold = true;
	};
	const end = () => {
		const line = length > maximumBytes ? undefined : Buffer.concat(parts).toString('utf8').replace(/\r$/, '');
		parts = [];
		length = 0;
		if (line !== undefined) onLine(line);
	};
	stream.on('data', (data: Buffer | string) => {
		const chunk = typeof data === 'string' ? Buffer.from(data) : data;
		let from = 0;
		for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
			take(chunk.subarray(from, at));
			end();
			from = at + 1;
		}
		if (from < chunk.length) take(chunk.subarray(from));
	});
	stream.once('end', () => {
		if (length > 0) end();
	});
}
