/** What no text of a plan or a guest may do where it is shown. */

/** All that moves a cursor, turns a line around, or commands a CI runner. */
export const evil = 'x\x1b[2J\x1b]0;t\x07\x9b31m\x00\x85\u202e\u2066\u2028\u2029\u{e0041}\n::error file=x::y\n  ::add-mask::z ::stop-commands::w ##[error]v ##vso[task]u ##teamcity[t]';

/** Whether any text in a value is so. */
export const hasEvil = (value: unknown): boolean =>
	typeof value === 'string' ? isEvil(value) : typeof value === 'object' && value !== null && Object.entries(value).some((one) => one.some(hasEvil));

/** Whether a text has something in it that moves a cursor, turns a line around, or commands a CI runner. */
export const isEvil = (text: string): boolean =>
	/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]|^\s*::(?:[a-z-]+[^\n]*::|error|warning|add-|set-)|##(?:vso|teamcity)?\[/mu.test(text);

/** The same of JSON, in which an escape becomes the character for who reads it; behind another backslash it is the text of one. */
export const isEvilJson = (text: string): boolean =>
	isEvil(text) || /(?<!\\)(?:\\\\)*\\u(?:00[01][0-9a-f]|007f|00[89][0-9a-f]|20[2][89a-e]|206[6-9])/.test(text);
