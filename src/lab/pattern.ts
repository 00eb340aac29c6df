/** Regular expressions of plans, which are written as in Python, Perl or grep(1), as the ones of JavaScript. */

/** What POSIX calls classes of characters, for the inside of brackets. */
const classes: Readonly<Record<string, string>> = {
	alnum: 'A-Za-z0-9',
	alpha: 'A-Za-z',
	blank: ' \\t',
	cntrl: '\\x00-\\x1f\\x7f',
	digit: '0-9',
	graph: '\\x21-\\x7e',
	lower: 'a-z',
	print: '\\x20-\\x7e',
	punct: '!-\\/:-@\\[-`{-~',
	space: '\\s',
	upper: 'A-Z',
	word: '\\w',
	xdigit: '0-9A-Fa-f',
};

/** The beginning and the end of the text, which `^` and `$` are not where lines count. */
const anchors: Readonly<Record<string, string>> = { A: '(?<![^])', Z: '(?![^])', z: '(?![^])' };

/**
 * The expression that a pattern means. What JavaScript would take for something else, or not at all, is translated: flags at
 * the beginning (`(?i)`), the anchors `\A` and `\Z`, names of groups (`(?P<name>…)`), classes (`[[:digit:]]`).
 * @throws SyntaxError for what is none
 */
export function expressionOf(pattern: string): RegExp {
	const [head = '', flags = ''] = /^\(\?([aimsu]+)\)/.exec(pattern) ?? [];
	const own = [...new Set(flags)].filter((flag) => 'ims'.includes(flag)).join('');
	const rest = pattern.slice(head.length);
	try {
		return new RegExp(translated(rest), own);
	} catch {
		// A class that is empty, or of everything, is an expression of JavaScript alone.
		return new RegExp(rest, own);
	}
}

/**
 * The tokens that are not taken as they are, outside of brackets and within. `[^]*` is any text in JavaScript; elsewhere it
 * would begin a class of all but `]` and `*`, which nobody writes.
 */
const outside = /\\[^]|\(\?P<|\(\?P=(\w+)\)|(\[\^\](?=[*+?{]))|\[\^?\]?|[^]/y;
const within = /\\[^]|\[:(\w+):\]|[^]/y;

function translated(pattern: string): string {
	let result = '';
	let isWithin = false;
	for (let at = 0; at < pattern.length; ) {
		const token: RegExp = isWithin ? within : outside;
		token.lastIndex = at;
		const [written = '', name = '', anything]: readonly string[] = token.exec(pattern) ?? [];
		at += written.length;
		if (isWithin) {
			result += written.startsWith('[:') && Object.hasOwn(classes, name) ? (classes[name] ?? '') : written;
			isWithin = written !== ']';
		} else if (anything !== undefined) {
			result += anything;
		} else {
			result += translatedOutside(written, name);
			isWithin = written.startsWith('[');
		}
	}
	return result;
}

function translatedOutside(written: string, name: string): string {
	if (written === '(?P<') return '(?<';
	if (written.startsWith('(?P=')) return `\\k<${name}>`;
	// Where a bracket is the first of its kind, it is one of the characters; JavaScript has an empty class.
	if (written.startsWith('[')) return written.replace(']', '\\]');
	return (written.startsWith('\\') && anchors[written.slice(1)]) || written;
}
