/** Writes and reads `SHA256SUMS` as sha256sum(1) does, but strictly: each list has one spelling. */
import { sha256 } from '../base/hash.js';
import { staysWithin, type ExportedFile } from './layout.js';

/** The list of some files, in the order of their names. */
export const sumsOf = (files: readonly ExportedFile[]): string =>
	files
		.toSorted((one, other) => (one.path < other.path ? -1 : 1))
		.map(({ path, contents }) => `${sha256(contents)}  ${path}\n`)
		.join('');

/** The sums of a list by file, or what is wrong with it. */
export function parseSums(text: string): ReadonlyMap<string, string> | string {
	const sums = new Map<string, string>();
	if (!text.endsWith('\n')) return 'its last line does not end';
	for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
		const [, sum, file] = /^([0-9a-f]{64})  ([^\0\n]+)$/.exec(line) ?? [];
		if (sum === undefined || file === undefined || !staysWithin(file)) return `its line ${index + 1} is none of sha256sum(1)`;
		if (sums.has(file)) return `it has ${file} twice`;
		sums.set(file, sum);
	}
	return sums;
}
