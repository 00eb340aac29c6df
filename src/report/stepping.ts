/** What a debugger shows of a script. Pure. */
import { formatMs, withoutControls } from '../base/format.js';
import type { DebugStop } from '../machine/debugging/messages.js';
import type { Paint } from './text.js';

/** Lines of source around the one that a script has stopped at. */
const margin = 4;

/** Lines of output that are shown at each stop. */
const outputLines = 40;

export interface Listing {
	/** 1-based line that is marked. */
	readonly line?: number;
	readonly breaks: ReadonlySet<number>;
	/** Lines on either side; all of them where there is none. */
	readonly around?: number;
}

/** Lines of a script with their numbers, `▶` at one and `●` at breakpoints. */
export function listSource(text: string, { line, breaks, around }: Listing, paint: Paint): string[] {
	const lines = text.replace(/\n$/, '').split('\n');
	const width = String(lines.length).length;
	const isShown = (number: number) => around === undefined || line === undefined || Math.abs(number - line) <= around;
	return lines.flatMap((source, index) => {
		const number = index + 1;
		if (!isShown(number)) return [];
		const marks = `${number === line ? '▶' : ' '}${breaks.has(number) ? '●' : ' '}`;
		const shown = `${marks}${String(number).padStart(width)}  ${withoutControls(source)}`.trimEnd();
		return [paint(number === line ? 'bold' : 'dim', shown)];
	});
}

/** What a script wrote, each line behind a bar; the end of it where that is much. */
export function outputOf(text: string, paint: Paint): string[] {
	const clean = withoutControls(text).replace(/\n$/, '');
	if (clean === '') return [];
	const lines = clean.split('\n');
	const shown = lines.slice(-outputLines).map((line) => `${paint('dim', '│')} ${line}`.trimEnd());
	const left = lines.length - outputLines;
	return left > 0 ? [paint('dim', `│ … ${left} lines before`), ...shown] : shown;
}

/** The lines of a stop: output and status of the command before, the source, and the command that will run. */
export function stopLinesOf(stop: DebugStop, text: string | undefined, breaks: ReadonlySet<number>, paint: Paint): string[] {
	const { script, source, line, depth, status, isFatal, command, output } = stop;
	const where = source === '' ? `${script}:${line}` : `${source}:${line} (from ${script})`;
	const inside = depth > 0 ? `, ${depth} deep` : '';
	const outcome = isFatal
		? paint('red', `failed with status ${status}: the script is about to end`)
		: status === 0
			? ''
			: paint('yellow', `status ${status} of the command before`);
	const head = [paint('bold', `${where}${inside}`), outcome].filter((part) => part !== '').join('  ');
	const listing = source === '' && text !== undefined ? listSource(text, { line, breaks, around: margin }, paint) : [];
	// A here-document is in the listing.
	const [first = '', ...rest] = withoutControls(command).split('\n');
	return [...outputOf(output, paint), head, ...listing, `${isFatal ? 'failed:' : 'next:'} ${first}${rest.length > 0 ? ' …' : ''}`];
}

/** The time and the bytes that the save of a stop took. */
export const costText = ({ ms, bytes }: { readonly ms: number; readonly bytes: number }): string =>
	`the machine is saved at each stop: ${formatMs(ms)} and ${Math.round(bytes / 2 ** 20)} MiB the first time`;
