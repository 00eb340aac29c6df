import { createHash } from 'node:crypto';
import { sha512Crypt } from './sha-crypt.js';

/**
 * A password as /etc/shadow keeps it: SHA-512 crypt (crypt(5)), which every Debian reads, in the fewest rounds that it
 * has. A guest computes it at each login and each sudo: the default of 5000 rounds costs an emulated one 40 ms, yescrypt
 * many times that. The salt follows from `saltFrom`, so that a node's seed is the same from run to run; the plan, which
 * has the password in clear, is beside it anyway.
 */
export function encryptPassword(password: string, saltFrom: string): string {
	const salt = createHash('sha256').update(`${saltFrom}\0${password}`).digest('hex').slice(0, 16);
	return sha512Crypt(password, salt, 1000);
}

/**
 * The same for a system that is given away: in the rounds that crypt(5) has by default, with a salt (16 characters at most)
 * that must not follow from the password.
 */
export const hashPassword = (password: string, salt: string): string => sha512Crypt(password, salt);
