/**
 * Finds and overwrites passwords and keys in the files of a run: the passwords that the plan declares, wherever they occur
 * literally, and hashed passwords and private keys, which it recognises by their format. It reads bytes as Latin-1
 * characters, so that it can search a disk image like a text.
 */
import { asLatin1, passwordSource, usersByPassword, type DeclaredPassword } from '../base/secrets.js';
import type { HeldSecrets } from './manifest.js';
import type { PackedFile } from './pack.js';

/** What to search for, and its name in messages. */
interface Pattern {
	readonly what: string;
	readonly pattern: RegExp;
}

/** crypt(5): a method, perhaps its parameters, a salt, a hash. */
const hashedPassword: Pattern = {
	what: 'hashed password',
	pattern: /\$(?:[156y7]|2[abxy]|gy|sha1)\$(?:[\w=,./-]+\$){1,2}[\w./]{22,}/g,
};

/** RFC 7468, in a text or within JSON. */
const privateKey: Pattern = {
	what: 'private key',
	pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----)[^])*-----END [A-Z ]*PRIVATE KEY-----/g,
};

function patternsFor(passwords: readonly DeclaredPassword[]): readonly Pattern[] {
	const declared = usersByPassword(passwords).map(([password, names]) => ({
		what: `password of ${names.join(', ')}`,
		pattern: new RegExp(passwordSource(password, asLatin1), 'g'),
	}));
	return [privateKey, hashedPassword, ...declared];
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** Lists the files that contain secrets, and which secrets. */
export function findSecrets(files: readonly PackedFile[], passwords: readonly DeclaredPassword[]): HeldSecrets[] {
	const patterns = patternsFor(passwords);
	return files.flatMap(({ path, contents }) => {
		const text = latin1(contents);
		const holds = patterns.filter(({ pattern }) => text.search(pattern) >= 0).map(({ what }) => what);
		return holds.length > 0 ? [{ path, holds }] : [];
	});
}

/** Overwrites a secret with as many characters. Digits stay digits: the secret may be a number in JSON. */
const blank = (secret: string): string => (/^\d+$/.test(secret) ? '1' : 'x').repeat(secret.length);

/** Overwrites everything that `findSecrets` finds. Each file keeps its length, so that a disk image stays valid. */
export function redact(files: readonly PackedFile[], passwords: readonly DeclaredPassword[]): PackedFile[] {
	const patterns = patternsFor(passwords);
	return files.map(({ path, contents }) => {
		const text = patterns.reduce(
			(before, { pattern }) => before.replaceAll(pattern, blank),
			latin1(contents),
		);
		return { path, contents: Buffer.from(text, 'latin1') };
	});
}
