/**
 * SHA-512 crypt, a form of passwords in /etc/shadow that every Debian reads (crypt(5)), after Ulrich Drepper's "Unix crypt
 * using SHA-256 and SHA-512". The library that there is loses a block of passwords whose length is a multiple of 64 bytes.
 */
import { createHash, type Hash } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digestBytes = 64;
const saltBytes = 16;

/** How often it is hashed where nobody gives a number. */
const defaultRounds = 5000;

const digest = (body: (hash: Hash) => void): Buffer => {
	const hash = createHash('sha512');
	body(hash);
	return hash.digest();
};

/** A digest, again and again, up to a length in bytes. */
const stretched = (block: Buffer, length: number): Buffer => Buffer.alloc(length, block);

/**
 * The hash of a password, as /etc/shadow has it.
 * @param salt 16 characters of the alphabet at most
 * @param rounds how often it is hashed, from 1000 on; 5000 where it is missing, which the hash does not show
 */
export function sha512Crypt(password: string, salt: string, rounds?: number): string {
	const key = Buffer.from(password, 'utf8');
	const seasoning = Buffer.from(salt, 'utf8').subarray(0, saltBytes);
	const both = digest((hash) => hash.update(key).update(seasoning).update(key));
	let result = digest((hash) => {
		hash.update(key).update(seasoning).update(stretched(both, key.length));
		for (let length = key.length; length > 0; length >>= 1) hash.update(length & 1 ? both : key);
	});
	const repeated = (part: Buffer, times: number) =>
		stretched(
			digest((hash) => {
				for (let count = 0; count < times; count++) hash.update(part);
			}),
			part.length,
		);
	const ofKey = repeated(key, key.length);
	const ofSalt = repeated(seasoning, 16 + (result[0] ?? 0));
	for (let round = 0; round < (rounds ?? defaultRounds); round++) {
		const before = result;
		const isOdd = round % 2 === 1;
		result = digest((hash) => {
			hash.update(isOdd ? ofKey : before);
			if (round % 3 > 0) hash.update(ofSalt);
			if (round % 7 > 0) hash.update(ofKey);
			hash.update(isOdd ? before : ofKey);
		});
	}
	const cost = rounds === undefined ? '' : `rounds=${rounds}$`;
	return `$6$${cost}${seasoning.toString('utf8')}$${encoded(result)}`;
}

/** Six bits a character, the lowest first; the bytes in an order of their own. */
function encoded(bytes: Buffer): string {
	const third = Math.floor(digestBytes / 3);
	const at = (index: number): number => bytes[index] ?? 0;
	const groups = Array.from({ length: third }, (_none, index) => {
		const turned = [index, index + third, index + 2 * third];
		const [high = 0, middle = 0, low = 0] = [0, 1, 2].map((place) => at(turned[(place + index) % 3] ?? 0));
		return characters((high << 16) | (middle << 8) | low, 4);
	});
	return groups.join('') + characters(at(digestBytes - 1), 2);
}

const characters = (bits: number, count: number): string =>
	Array.from({ length: count }, (_none, index) => alphabet[(bits >> (6 * index)) & 0x3f] ?? '').join('');
