/** Lines of shell scripts: which one a position is on, and which of them hold shell code. */
import { forEachChild, type Script, type SyntaxNode } from 'unbash';

/** The 1-based line of a position in UTF-16 code units. */
export type LineFinder = (position: number) => number;

/** Prepares a text for looking up lines. A position past the end is on the last line that is not empty. */
export function lineFinder(text: string): LineFinder {
	const starts = [0];
	for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
	const lastPosition = Math.max(0, text.trimEnd().length - 1);
	return (position) => {
		const wanted = Math.min(position, lastPosition);
		let low = 0;
		let high = starts.length;
		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if ((starts[middle] ?? Infinity) <= wanted) low = middle;
			else high = middle;
		}
		return low + 1;
	};
}

/**
 * Counts the lines that hold shell code. Blank lines, lines of comment alone (the shebang is one) and the lines of
 * here-documents, their closing delimiters included, do not count; each line of a string of several lines does.
 */
export function countShellLines(text: string, script: Script): number {
	const documents = findHereDocuments(script);
	let position = 0;
	let count = 0;
	for (const line of text.split('\n')) {
		const first = position + line.search(/\S|$/);
		const isBlank = line.trim() === '';
		const inDocument = documents.some(({ pos, end }) => position >= pos && position < Math.max(end, pos + 1));
		const isComment = text[first] === '#' && !isInsideWord(script, first);
		if (!isBlank && !inDocument && !isComment) count++;
		position += line.length + 1;
	}
	return count;
}

/** Ranges of the bodies of here-documents with their closing lines. */
function findHereDocuments(node: SyntaxNode): { pos: number; end: number }[] {
	const own = node.type === 'HereDoc' ? [{ pos: node.body.pos, end: node.closing?.end ?? node.body.end }] : [];
	const nested: { pos: number; end: number }[] = [];
	forEachChild(node, (child) => {
		if (child.type !== 'Script' || child.source === undefined) nested.push(...findHereDocuments(child));
	});
	return [...own, ...nested];
}

/** Node types of which a `#` at the start of a line can be part without starting a comment. */
const textual = new Set([
	'Word', 'Literal', 'SingleQuoted', 'DoubleQuoted', 'AnsiCQuoted', 'LocaleString', 'ParameterExpansion',
	'ArithmeticExpansion', 'ArithmeticCommand', 'ArithmeticWord',
]);

function isInsideWord(node: SyntaxNode, position: number): boolean {
	let deepest = node;
	const descend = (child: SyntaxNode): void => {
		if (position < child.pos || position >= child.end) return;
		deepest = child;
		if (child.type !== 'Script' || child.source === undefined) forEachChild(child, descend);
	};
	forEachChild(node, descend);
	return textual.has(deepest.type);
}
