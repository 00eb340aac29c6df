/** A plan's text as values with their places: what is left when the notation, JSON or YAML, is taken away. */

/** A value. `line` is the 1-based line that its text begins on. */
export type SyntaxNode = MappingNode | ListNode | ScalarNode;

export interface MappingNode {
	readonly kind: 'mapping';
	readonly line: number;
	/** In the order of the text; a key that appears twice is here twice. */
	readonly entries: readonly Entry[];
}

export interface Entry {
	/** As it is written. */
	readonly key: string;
	/** The line of the key. */
	readonly line: number;
	readonly value: SyntaxNode;
}

export interface ListNode {
	readonly kind: 'list';
	readonly line: number;
	readonly items: readonly SyntaxNode[];
}

export interface ScalarNode {
	readonly kind: 'scalar';
	readonly line: number;
	/** A string, number, boolean or null. */
	readonly value: unknown;
	/** As it is written, where that is more than its value: `1.10`, `0640`, `True`. */
	readonly source?: string;
	/** The line above the first line of a literal block of YAML (`|`), whose lines are lines of the plan. */
	readonly lineOffset?: number;
	/** A folded block of YAML (`>`) of which lines became one. */
	readonly isFolded?: true;
}

/** How deep objects and lists may lie within each other; a plan needs a dozen levels. */
export const maximumDepth = 100;

/** How many items a list, and how many keys an object may have. */
export const maximumItems = 2000;

/** A text whose values lie deeper within each other than `maximumDepth`. */
export class TooDeepError extends Error {}

/** A text that was read. */
export interface SyntaxTree {
	readonly root: SyntaxNode;
	/** The same as a plain value; of a key that appears twice, the last counts, as in `JSON.parse`. */
	readonly value: unknown;
}
