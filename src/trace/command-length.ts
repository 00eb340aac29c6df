/** How long the command of a record is, behind which is what was written meanwhile. */

/** How much of what is behind the beginning of a record is its command. */
export type LengthOf = (body: string) => number;

/** Bash traces these as they are written in the script, whatever quotes are in them. */
const unexpanded = /^(?:for|case|select) /;

/** How long a command is that bash quoted: to the first end of a line outside of quotes. */
export function commandLength(body: string): number {
	if (unexpanded.test(body)) return firstLineLength(body);
	if (body.startsWith('[[ ')) return lengthTo(body, / \]\]\n/) ?? firstLineLength(body);
	let at = 0;
	while (at < body.length && body[at] !== '\n') {
		const next = body[at] === '\\' ? at + 2 : skipQuotes(body, at);
		// A quote that never ends was none.
		if (next === undefined) return firstLineLength(body);
		at = next;
	}
	return Math.min(at, body.length);
}

/** The position behind a quotation that begins at `at`, or behind the letter there. */
function skipQuotes(body: string, at: number): number | undefined {
	const isAnsi = body.startsWith("$'", at);
	const quote = isAnsi ? "'" : body[at];
	if (quote !== "'" && quote !== '"') return at + 1;
	for (let end = at + (isAnsi ? 2 : 1); end < body.length; end++) {
		if (body[end] === '\\' && (isAnsi || quote === '"')) end++;
		else if (body[end] === quote) return end + 1;
	}
	return undefined;
}

/**
 * dash writes a command word by word, so that those of a pipeline can be mixed; then each of them owes an end
 * of a line, and what is between cannot be told apart.
 */
export function dashLength(wholeLength: LengthOf): LengthOf {
	let owed = 0;
	return (body) => {
		if (owed === 0 && body.includes('\n')) return wholeLength(body);
		owed++;
		let end = -1;
		while (owed > 0) {
			const next = body.indexOf('\n', end + 1);
			if (next === -1) return body.length;
			end = next;
			owed--;
		}
		return end;
	};
}

/** How many characters of the script's words are searched for what joins lines. */
const searchLimit = 2 ** 28;

/**
 * How long a command of dash's is, which quotes nothing: what a word of several lines is for shows where it ends.
 * `before` are the beginnings of assignments that a command follows.
 */
export function unquotedLength(words: readonly string[], before: ReadonlySet<string>): LengthOf {
	const all = words.join('\0');
	const known = new Map<string, boolean>();
	const isJoint = (text: string): boolean => {
		const isFound = known.get(text) ?? (known.size * all.length < searchLimit && all.includes(text));
		known.set(text, isFound);
		return isFound;
	};
	return (body) => {
		// Assignments alone write nothing.
		const [assigned] = /^\w+=/.exec(body) ?? [];
		if (assigned !== undefined && !before.has(assigned)) return body.length - (body.endsWith('\n') ? 1 : 0);
		const half = (body.length - 7) / 2;
		if (body.startsWith('echo ') && half >= 1 && body.slice(5, 5 + half) === body.slice(6 + half, -1)) return 5 + half;
		let length = firstLineLength(body);
		for (let next = length; next < body.length; ) {
			next = body.indexOf('\n', length + 1);
			if (next === -1) next = body.length;
			if (body.slice(length, next).trim() === '' || !isJoint(jointAt(body, length))) break;
			length = next;
		}
		return length;
	};
}

/** Of what is around the end of a line, so much is compared on each side. */
const jointLimit = 300;

/** The words around the end of a line, with it; of an assignment the value, which has its quote in between. */
function jointAt(body: string, at: number): string {
	const before = body.slice(Math.max(0, at - jointLimit), at).split(/\s/).at(-1)?.replace(/^\w+=/, '') ?? '';
	const [behind = ''] = body.slice(at + 1, at + 1 + jointLimit).split(/\s/, 1);
	return `${before}\n${behind}`;
}

function firstLineLength(body: string): number {
	const end = body.indexOf('\n');
	return end === -1 ? body.length : end;
}

function lengthTo(body: string, end: RegExp): number | undefined {
	const match = end.exec(body);
	return match ? match.index + match[0].length - 1 : undefined;
}
