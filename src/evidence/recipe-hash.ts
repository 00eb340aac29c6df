import canonicalizeJson from 'canonicalize';
import { sha256 } from '../base/hash.js';

// The package declares itself a module whose default export is the function; its types put that under `default` once more.
const canonicalize = canonicalizeJson as unknown as (value: unknown) => string | undefined;

/** SHA-256 of a recipe as its plan has it, in the canonical form of RFC 8785. */
export const recipeHash = (recipe: unknown): string => sha256(canonicalize(recipe) ?? '');
