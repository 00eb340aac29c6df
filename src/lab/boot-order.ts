import type { Connection } from './lab.js';

/**
 * The nodes in an order in which those that others connect to come first, and otherwise as they are given. Where nodes
 * connect to each other in a ring, the one that is given first begins.
 */
export function bootOrder<Node extends { readonly name: string }>(nodes: readonly Node[], connections: readonly Connection[]): Node[] {
	const ordered = new Set<Node>();
	const begun = new Set<Node>();
	// Without recursion: a chain may be as long as the lab.
	for (const root of nodes) {
		const stack = [root];
		for (let node = stack.at(-1); node; node = stack.at(-1)) {
			begun.add(node);
			const next = neededBy(node.name, nodes, connections).find((needed) => !begun.has(needed));
			if (next) stack.push(next);
			else {
				ordered.add(node);
				stack.pop();
			}
		}
	}
	return [...ordered];
}

/** The named nodes, and those that connect to one of them, directly or through others. */
export function withDependents(names: Iterable<string>, connections: readonly Connection[]): ReadonlySet<string> {
	const found = new Set(names);
	// A set's iteration comes to what is added meanwhile.
	for (const name of found) for (const { from, to } of connections) if (to === name) found.add(from);
	return found;
}

/** The nodes that a node connects to. */
export const neededBy = <Node extends { readonly name: string }>(name: string, nodes: readonly Node[], connections: readonly Connection[]): Node[] => {
	const names = new Set(connections.filter(({ from, to }) => from === name && to !== name).map(({ to }) => to));
	return nodes.filter((node) => names.has(node.name));
};
