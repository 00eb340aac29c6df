/** The words of a shell script that have several lines, which only quotes allow. */
import { forEachChild, type SyntaxNode } from 'unbash';
import { parseNested, unlessTooDeep } from './nesting.js';

/** Each word as it is written in the script; none where that cannot be parsed. */
export function multilineWords(text: string): readonly string[] {
	const found: string[] = [];
	return unlessTooDeep(
		() => {
			collectWords(parseNested(text), found);
			return found;
		},
		() => [],
	);
}

function collectWords(node: SyntaxNode, found: string[]): void {
	if (node.type !== 'Word') return forEachChild(node, (child) => collectWords(child, found));
	if (node.text.includes('\n')) found.push(node.text);
}
