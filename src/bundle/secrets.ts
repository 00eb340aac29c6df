/**
 * Passwords and keys in the files of a run: those that the plan declares, wherever they occur literally, and what can be
 * told by its shape, hashed passwords and private keys. Bytes are taken for characters (Latin-1), so that a disk image is
 * searched like a text.
 */
import type { HeldSecrets } from './manifest.js';
import type { PackedFile } from './pack.js';

/** A password that a plan declares. */
export interface DeclaredPassword {
	readonly user: string;
	readonly password: string;
}

/** What is looked for and how it is called. */
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
		// One that contains another is looked for first.
		.toSorted(([one], [other]) => other.length - one.length)
		.map(([password, names]) => ({ what: `password of ${[...names].join(', ')}`, pattern: spellingsOf(password) }));
	return [privateKey, hashedPassword, ...declared];
}

/** Passwords from this length on are found within words too; a shorter one may well be a part of some. */
const plainlySecret = 8;

/** A password as it is, and as those who write JSON (some escape `/`, some all but ASCII) and quoted YAML have it. */
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

/** Which files hold what. */
export function findSecrets(files: readonly PackedFile[], passwords: readonly DeclaredPassword[]): HeldSecrets[] {
	const patterns = patternsFor(passwords);
	return files.flatMap(({ path, contents }) => {
		const text = latin1(contents);
		const holds = patterns.filter(({ pattern }) => text.search(pattern) >= 0).map(({ what }) => what);
		return holds.length > 0 ? [{ path, holds }] : [];
	});
}

/** In its length; a number stays one, as it may be one of JSON's. */
const blank = (secret: string): string => (/^\d+$/.test(secret) ? '1' : 'x').repeat(secret.length);

/** The files without what `findSecrets` finds: each is overwritten in its length, so that a disk image stays one. */
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
