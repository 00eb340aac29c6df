/** The recipes of a plan as it has them, and the one hash of a recipe. */
import canonicalizeJson from 'canonicalize';
import { usageFailure } from '../base/errors.js';
import { sha256 } from '../base/hash.js';
import { isRecipeAlone } from './forms.js';
import { toSnakeCase } from './keys.js';

// The package declares itself a module whose default export is the function; its types put that under `default` once more.
const canonicalize = canonicalizeJson as unknown as (value: unknown) => string | undefined;

/**
 * SHA-256 of a recipe as its plan has it, in the canonical form of RFC 8785.
 * @throws Failure `usage` for a number that JSON does not have, such as `.inf` in YAML
 */
export function recipeHash(recipe: unknown): string {
	try {
		return sha256(canonicalize(recipe) ?? '');
	} catch (error) {
		throw usageFailure('a recipe has a number that JSON does not have', { hint: 'write a finite one in the place of .inf, .nan or 1e999', cause: error });
	}
}

/** The recipe of each node as it was written; for a recipe without a plan around it, that recipe. */
export function recipesOf(plan: unknown): readonly unknown[] {
	if (isRecipeAlone(Object.keys(plan ?? {}).map(toSnakeCase))) return [plan];
	const nodes = valueOf(plan, 'nodes');
	return Array.isArray(nodes) ? nodes.map((node: unknown) => valueOf(node, 'recipe')) : [];
}

const valueOf = (value: unknown, key: string): unknown =>
	value !== null && typeof value === 'object' && Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
