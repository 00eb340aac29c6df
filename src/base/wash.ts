/**
 * Text that a plan or a guest wrote, as it may come into events, errors and reports: it moves no cursor, turns no line
 * around, and gives a CI runner no command. It is washed where it comes in; no renderer has to think of it.
 */
import { withoutControls } from './format.js';

/** GitHub's commands, of which a text may be the beginning and another one the end in the same line. */
const githubCommands = 'error|warning|notice|debug|group|endgroup|echo|add-|remove-|set-|save-state|stop-commands';

/**
 * What runners take for a command: `::name …::` at the beginning of a line, which a renderer may make of every word, and
 * `##[…]`, `##vso[…]`, `##teamcity[…]` anywhere.
 */
const runnerCommands = new RegExp(`(?<!\\S)::(?=[a-z][^\\n]*?::|(?:${githubCommands}))|##(?=(?:vso|teamcity)?\\[)`, 'gi');

/** A text with nothing in it but letters and what they need. */
export const washedText = (text: string): string =>
	withoutControls(text).replace(runnerCommands, ([mark = '']) => `${mark} ${mark}`);

/** The same for every text in a value of JSON, such as an event, and for names of keys: not all of a stranger's are ours. */
export function washed<T>(value: T): T {
	if (typeof value === 'string') return washedText(value) as T;
	if (Array.isArray(value)) return value.map(washed) as T;
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [ourKeys.test(key) ? key : washedText(key), washed(inner as unknown)])) as T;
}

/** Keys that need no washing. */
const ourKeys = /^\w*$/;
