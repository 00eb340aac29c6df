/** Makes texts of plans and guests fit for the page: bounded, and without control characters. */
import { withoutControls } from '../base/format.js';

/** Characters that turn the direction of writing, or that nobody sees (UAX #9; zero-width ones). */
const invisible = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Characters of one line that are shown. */
const maximumLine = 2000;

/** A text without control sequences; of a line that is too long the beginning, and how much is left out. */
export function shown(text: string): string {
	// Before the controls go, which these are among: what turns a text around is to be seen.
	const marked = text.replaceAll(invisible, (character) => `<U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`);
	const clean = withoutControls(marked).replaceAll(/\p{Surrogate}|[\ufffe\uffff]/gu, '\ufffd');
	return clean.length <= maximumLine ? clean : clean.split('\n').map(shortLine).join('\n');
}

const shortLine = (line: string): string =>
	line.length <= maximumLine ? line : `${line.slice(0, maximumLine)}… (${line.length - maximumLine} more characters)`;

/** The same in one line, cut to `width` characters. */
export function shownLine(text: string, width = 300): string {
	const line = shown(text.slice(0, maximumLine * 2)).replaceAll(/\s+/g, ' ').trim();
	return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** The last lines of a text, of the last `characters` of it. */
export function shownEnd(text: string, lines: number, characters: number): string {
	const isCut = text.length > characters;
	const all = shown(isCut ? text.slice(-characters) : text).trimEnd().split('\n');
	return `${isCut && all.length <= lines ? '…' : ''}${all.slice(-lines).join('\n')}`;
}

/** A name as a part of an element's id. */
export const slug = (name: string): string => name.replaceAll(/[^\w-]+/g, '_').slice(0, 80);

/** Where on the page things are; each is what comes behind `#`. */
export const place = {
	node: (node: string): string => `node.${slug(node)}`,
	script: (node: string, script: string): string => `${slug(node)}.${slug(script)}`,
	line: (node: string, script: string, line: number): string => `${slug(node)}.${slug(script)}.${line}`,
	/** Both count from 0. */
	assertion: (test: number, index: number): string => `test.${test + 1}.${index + 1}`,
	log: (kind: string, node: string): string => `${slug(kind)}.${slug(node)}`,
} as const;
