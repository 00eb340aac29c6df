/** Passwords as they are written in texts of all kinds, and texts without them. */

/** A password that a plan declares. */
export interface DeclaredPassword {
	readonly user: string;
	readonly password: string;
}

/** Passwords from this length on are found within words too; a shorter one may well be a part of some. */
const plainlySecret = 8;

/**
 * A password as it is, and as those have it who write JSON (some escape `/`, some all but ASCII), quoted YAML, and words of a
 * shell, in single quotes, as bash traces them, and in double ones; and of addresses, in the place of a user's password.
 */
function spellingsOf(password: string): readonly string[] {
	const inJson = JSON.stringify(password).slice(1, -1);
	const inAscii = (hexadecimal: (code: string) => string) =>
		inJson.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${hexadecimal(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`);
	const ascii = [inAscii((code) => code), inAscii((code) => code.toUpperCase())];
	const slashes = [inJson, ...ascii].map((text) => text.replaceAll('/', '\\/'));
	const ofShells = [password.replaceAll("'", "'\\''"), password.replaceAll(/[\\$`"]/g, '\\$&')];
	const percent = encodeURIComponent(password.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
	const inAddresses = [percent, percent.replaceAll(/%../g, (code) => code.toLowerCase())];
	return [...new Set([password, inJson, ...ascii, ...slashes, password.replaceAll("'", "''"), ...ofShells, ...inAddresses])];
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/**
 * The source of a regular expression that finds a password in every spelling.
 * @param encode the spellings as the searched text has their characters
 */
export function passwordSource(password: string, encode: (text: string) => string = (text) => text): string {
	const either = spellingsOf(password).map((text) => escaped(encode(text))).join('|');
	return password.length >= plainlySecret ? `(?:${either})` : `(?<![A-Za-z0-9])(?:${either})(?![A-Za-z0-9])`;
}

/** The users of each password, the longest password first: one that contains another is to be found before it. */
export function usersByPassword(passwords: readonly DeclaredPassword[]): readonly (readonly [password: string, users: readonly string[]])[] {
	const users = new Map<string, Set<string>>();
	for (const { user, password } of passwords) {
		if (password !== '') users.set(password, (users.get(password) ?? new Set()).add(user));
	}
	return [...users].map(([password, names]) => [password, [...names]] as const).toSorted(([one], [other]) => other.length - one.length);
}

/** Gives a text without certain passwords. */
export type Mask = (text: string) => string;

/** What stands in the place of a password: one word for a shell, for JSON and for YAML. */
const standIn = (users: readonly string[]): string => `__password-of-${users.map((user) => user.replaceAll(/[^\w.-]/g, '')).join('-') || 'a-user'}__`;

/** Finds what stands in the place of a password. */
const standInSource = '__password-of-[\\w.-]+?__';

/** Whether a password is none, but what stands in the place of one. */
export const isStandIn = (password: string): boolean => new RegExp(`^${standInSource}$`).test(password);

/** A mask that changes nothing. */
export const noMask: Mask = (text) => text;

/** UTF-8 as a text with a character for every byte, so that what is no text can be searched like one. */
export const asLatin1 = (text: string): string => Buffer.from(text).toString('latin1');

/**
 * A mask of passwords wherever they are; a short one only where it is a word of its own.
 * @param encode the passwords as the texts to be masked have their characters
 */
export function maskOf(passwords: readonly DeclaredPassword[], encode?: (text: string) => string): Mask {
	const users = usersByPassword(passwords);
	if (users.length === 0) return noMask;
	// All in one pass: what stands in the place of one is not searched for another, nor in a text that was masked before.
	const pattern = new RegExp([standInSource, ...users.map(([password]) => `(${passwordSource(password, encode)})`)].join('|'), 'g');
	return (text) =>
		text.replaceAll(pattern, (found, ...groups: (string | undefined)[]) => {
			const index = groups.slice(0, users.length).findIndex((group) => group !== undefined);
			return index < 0 ? found : standIn(users[index]?.[1] ?? []);
		});
}

/**
 * The same for the text of a plan or of its scripts, which has to mean the same afterwards: a short password, which may
 * be a user's name as well, is masked only as the value of a key `password`.
 */
export function planMaskOf(passwords: readonly DeclaredPassword[]): Mask {
	const isLong = ({ password }: DeclaredPassword) => password.length >= plainlySecret;
	const anywhere = maskOf(passwords.filter(isLong));
	const values = usersByPassword(passwords.filter((declared) => !isLong(declared))).map(([password, users]): Mask => {
		const pattern = new RegExp(`(password["']?\\s*:\\s*["']?)${passwordSource(password)}`, 'gi');
		return (text) => text.replaceAll(pattern, (_found, key: string) => `${key}${standIn(users)}`);
	});
	return (text) => values.reduce((before, mask) => mask(before), anywhere(text));
}
