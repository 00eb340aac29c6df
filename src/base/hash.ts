import { createHash } from 'node:crypto';

/** SHA-256 in hex of a text or of bytes. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** JSON with sorted keys, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) =>
		inner !== null && typeof inner === 'object' && !Array.isArray(inner)
			? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
			: inner,
	);
}

/** A content key: `length` hex digits of the hash of what a thing depends on. */
export const contentKey = (value: unknown, length = 16): string => sha256(canonicalJson(value)).slice(0, length);
