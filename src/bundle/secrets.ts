/**
 * Finds and overwrites passwords and keys in the files of a run: the passwords that the plan declares, wherever they occur
 * literally, and hashed passwords and private keys, which it recognises by their format. It reads bytes as Latin-1
 * characters, so that it can search a disk image like a text.
 */
import type { HeldSecrets } from './manifest.js';
import type { PackedFile } from './pack.js';

/** A password that a plan declares. */
export interface DeclaredPassword {
	readonly user: string;
	readonly password: string;
}

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
	const users = new Map<string, Set<string>>();
	for (const { user, password } of passwords) users.set(password, (users.get(password) ?? new Set()).add(user));
	const declared = [...users]
		// Longer passwords come first: one may contain another.
		.toSorted(([one], [other]) => other.length - one.length)
		.map(([password, names]) => ({ what: `password of ${[...names].join(', ')}`, pattern: spellingsOf(password) }));
	return [privateKey, hashedPassword, ...declared];
}

/** Passwords of at least this length also match within words. A shorter one may be a part of an ordinary word. */
const plainlySecret = 8;

/** Matches a password literally, and as JSON (some writers escape `/`, some all but ASCII) and quoted YAML spell it. */
function spellingsOf(password: string): RegExp {
	const inJson = JSON.stringify(password).slice(1, -1);
	const inAscii = (hexadecimal: (code: string) => string) =>
		inJson.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${hexadecimal(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`);
	const ascii = [inAscii((code) => code), inAscii((code) => code.toUpperCase())];
	const slashes = [inJson, ...ascii].map((text) => text.replaceAll('/', '\\/'));
	const spellings = new Set([password, inJson, ...ascii, ...slashes, password.replaceAll("'", "''")]);
	const either = [...spellings].map((text) => latin1(Buffer.from(text)).replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
	return new RegExp(password.length >= plainlySecret ? either : `(?<![A-Za-z0-9])(?:${either})(?![A-Za-z0-9])`, 'g');
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
