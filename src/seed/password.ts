import { createHash } from 'node:crypto';
import { encrypt } from 'unixcrypt';

/**
 * A password as /etc/shadow keeps it: SHA-512 crypt (crypt(5)), which every Debian reads and which costs an emulated
 * guest a fraction of what yescrypt does at each login and sudo. The salt follows from `saltFrom`, so that a node's
 * seed is the same from run to run; the plan, which has the password in clear, is beside it anyway.
 */
export function encryptPassword(password: string, saltFrom: string): string {
	const salt = createHash('sha256').update(`${saltFrom}\0${password}`).digest('hex').slice(0, 16);
	return encrypt(password, `$6$${salt}`);
}
