/** To which line of a startup script a difference is put down: a guess by what the line names. */
import type { Difference } from '../lab/state-snapshot.js';

/**
 * The difference with the line of the script that most likely made it, if any line names what differs: for a file its
 * path, rather where a line appends to it or holds what was added, else its name; for a unit, a user, a package or an
 * address its name.
 */
export function locateDifference<D extends Difference>(difference: D, script: string): D & { readonly line?: number } {
	const lines = script.split('\n');
	const code = lines.map((line) => (/^\s*#/.test(line) ? '' : line));
	for (const isIt of tests(difference)) {
		const index = code.findIndex(isIt);
		if (index >= 0) return { ...difference, line: index + 1 };
	}
	return difference;
}

type LineTest = (line: string) => boolean;

/** What a line must have to be it, the surest first. */
function tests({ kind, subject, addedLines = [] }: Difference): LineTest[] {
	const names = (name: string): LineTest => {
		const whole = new RegExp(`(?<![\\w./-])${escaped(name)}(?![\\w-])`);
		return (line) => whole.test(line);
	};
	switch (kind) {
		case 'file': {
			const base = subject.slice(subject.lastIndexOf('/') + 1);
			const appends: LineTest = (line) => />>|\btee\b.*-a|\bsed\b.*-i/.test(line);
			const isPath = names(subject);
			const isName: LineTest = (line) => new RegExp(`(?<![\\w.-])${escaped(base)}(?![\\w-])`).test(line);
			const [added = ''] = addedLines;
			return [
				(line) => isPath(line) && appends(line),
				(line) => isName(line) && appends(line),
				isPath,
				...(added.trim() === '' ? [] : [(line: string) => line.includes(added.trim()) && appends(line)]),
				isName,
			];
		}
		case 'unit': {
			const isShort = names(subject.replace(/\.(?:service|socket|timer|mount|path|target)$/, ''));
			return [(line) => /\b(?:systemctl|service)\b/.test(line) && isShort(line), names(subject), isShort];
		}
		case 'address':
			return [names(subject.replace(/ on .*/, '')), names(subject.replace(/\/.*/, ''))];
		case 'port':
			return [names(subject.replace(/.*:/, ''))];
		default:
			return [names(subject)];
	}
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
