/** Numbers and texts formatted for people. */

/** `850 ms`, `12.3 s`, `3 min 07 s`. */
export function formatMs(ms: number): string {
	if (ms < 999.5) return `${Math.round(ms)} ms`;
	if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
	const seconds = Math.round(ms / 1000);
	return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** `just now`, `5 min ago`, `3 h ago`, `12 days ago`: rounded down. */
export function formatAge(ms: number): string {
	const minutes = Math.floor(ms / 60_000);
	if (minutes < 1) return 'just now';
	if (minutes < 60) return `${minutes} min ago`;
	const hours = Math.floor(minutes / 60);
	return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

/** Bytes in binary units, as free(1) and QEMU count: `700 MiB`, `11 GiB`. */
export function formatBytes(bytes: number): string {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let value = bytes;
	let unit = 0;
	while (Math.round(value) >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${value >= 9.95 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `1 node`, `4 nodes`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The last `count` lines of a text, without trailing blank ones. */
export const lastLines = (text: string, count: number): string =>
	text.trimEnd().split('\n').slice(-count).join('\n');

/** The end of a text, `maximumBytes` of UTF-8 at most: whole lines, where one of them fits. */
export function endOf(text: string, maximumBytes: number): string {
	const bytes = Buffer.from(text);
	if (bytes.length <= maximumBytes) return text;
	const end = bytes.subarray(bytes.length - maximumBytes);
	const line = end.subarray(0, -1).indexOf(0x0a);
	// Bytes 10xxxxxx go on with a letter whose beginning is not there.
	const letter = end.findIndex((byte) => (byte & 0xc0) !== 0x80);
	return end.subarray(line >= 0 ? line + 1 : Math.max(letter, 0)).toString('utf8');
}

/** Terminal control sequences: with ESC, or with the C1 character that means the same (ECMA-48). */
const controlSequences = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\)?|\x1b(?:[()][A-Z0-9]|[=>])/g;

/**
 * Single characters that are no text: C0 but for tab and newline, DEL, C1, those that turn the direction of what follows
 * (UAX #9), line and paragraph separators, tags (U+E0000–U+E007F).
 */
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\udb40[\udc00-\udc7f]/g;

/** Terminal control sequences and all that is no text taken out, so that a console can be quoted. */
export const withoutControls = (text: string): string =>
	text.replace(controlSequences, '').replace(controls, '');

/** Cuts a text to `width` columns, and marks the cut with `…`. */
export const truncated = (text: string, width: number): string =>
	text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

/** Joins a text into one line, without control characters. */
export const oneLine = (text: string): string => withoutControls(text).replaceAll(/\s+/g, ' ').trim();
