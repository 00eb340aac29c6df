/** The words of a shell script that have several lines, which only quotes allow. */
import { forEachChild, type SyntaxNode } from 'unbash';
import { parseNested, unlessTooDeep } from './nesting.js';

/** Each word as it is written in the script; none where that cannot be parsed. */
export const multilineWords = (text: string): readonly string[] => unlessTooDeep(() => wordsIn(parseNested(text)), () => []);

function wordsIn(node: SyntaxNode): string[] {
	if (node.type === 'Word') return node.text.includes('\n') ? [node.text] : [];
	const found: string[] = [];
	forEachChild(node, (child) => void found.push(...wordsIn(child)));
	return found;
}
