import { usageFailure } from '../base/errors.js';

/** Refuses names that no node has. @throws Failure `usage` that names them, and the nodes that there are */
export function requireNodes(names: readonly string[], known: readonly string[]): void {
	const unknown = names.filter((name) => !known.includes(name));
	if (unknown.length === 0) return;
	throw usageFailure(`the lab has no node ${unknown.map((name) => `'${name}'`).join(', ')}`, { hint: `its nodes are ${known.join(', ')}` });
}
