import { createHash } from 'node:crypto';

/** The SHA-256 of a text or of bytes, in hex. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) =>
		inner !== null && typeof inner === 'object' && !Array.isArray(inner)
			? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
			: inner,
	);
}

/**
 * A content key: the first `length` hex digits of the hash of `value`, which holds everything that the named thing depends
 * on.
 */
export const contentKey = (value: unknown, length = 16): string => sha256(canonicalJson(value)).slice(0, length);
