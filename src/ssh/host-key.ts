import { createHash } from 'node:crypto';

/** The bytes of an OpenSSH public key line, as the server shows them (RFC 4253, 6.6). */
export const keyBlob = (publicKey: string): Buffer => Buffer.from(publicKey.trim().split(/\s+/)[1] ?? '', 'base64');

/** `SHA256:…`, as ssh-keygen -l prints it. */
export const fingerprint = (blob: Uint8Array): string =>
	`SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/**
 * Whether the blob is that of a well-formed Ed25519 key: two length fields, the name, and 32 bytes of key.
 * ssh2 1.17 strips leading zero bytes of a public key that it generates, which spoils one key in 256.
 */
export const isEd25519Blob = (blob: Uint8Array): boolean => blob.length === 4 + 'ssh-ed25519'.length + 4 + 32;
