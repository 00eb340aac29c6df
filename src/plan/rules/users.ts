/** The users of nodes: every combination that passes is one that cloud-init and useradd(8) take. */
import { isUserName } from '../../lab/user-name.js';
import { quote } from '../problems.js';
import type { NodeDocument, UserDocument } from '../schema.js';
import type { PlanPath } from '../types.js';
import type { CheckContext } from './context.js';

/** An absolute path without what would end a field of passwd(5), and without a step back. */
const path = /^\/(?!(?:.*\/)?\.\.(?:\/|$))[^\s:,\p{Cc}]{0,255}$/u;
/** The form of a line of authorized_keys (sshd(8)), options before the key included. */
const publicKey = /^(?:.*[ \t])?(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}(?: .*)?$/u;
const maximumKeyLength = 16_384;

/** The form is looked at last, of what is short and one line: it would take long to find that a long text has it not. */
const isPublicKey = (key: string): boolean => key.length <= maximumKeyLength && !/[^\P{Cc}\t]/u.test(key) && publicKey.test(key);

/** Names, passwords, groups and keys of a node's users. */
export function checkUsers(context: CheckContext, { name, recipe }: NodeDocument, place: PlanPath): void {
	const { users } = recipe;
	const seen = new Set<string>();
	users.forEach((user, index) => {
		checkUser(context, user, [...place, index]);
		if (seen.has(user.username)) {
			const message = `the node has another user ${quote(user.username)}`;
			context.report('user-unique', [...place, index, 'username'], message, 'merge the two entries');
		}
		seen.add(user.username);
	});
	if (users.some(({ password, groups }) => password !== undefined && groups.includes('sudo'))) return;
	const message = `${name} has no user with a password in the group sudo`;
	context.report('user-login', place, message, 'give one user a password and the group "sudo"');
}

function checkUser(context: CheckContext, user: UserDocument, place: PlanPath): void {
	if (!isUserName(user.username)) {
		const fix = 'write up to 32 letters, digits, "_", "." and "-", beginning with no "-" or ".", such as "ops"';
		context.report('user-name', [...place, 'username'], `useradd(8) refuses the name ${quote(user.username)}`, fix);
	}
	// It is what cloud-init calls the user that an image brings by itself.
	if (user.username === 'default') context.report('user-name', [...place, 'username'], 'cloud-init makes no user "default", which is a word of its own', 'choose another name');
	if (/\p{Cc}/u.test(user.password ?? '')) {
		const message = `nobody can type the password of ${quote(user.username)}: there is a control character in it`;
		context.report('user-password', [...place, 'password'], message, 'write it on one line, without tabs');
	}
	const report = (key: PlanPath, message: string, fix: string) => context.report('user-settings', [...place, ...key], message, fix);
	user.groups.forEach((group, index) => {
		if (!isUserName(group)) report(['groups', index], `${quote(group)} can be no group`, 'write a name such as "sudo"');
	});
	if (!path.test(user.shell)) report(['shell'], `${quote(user.shell)} is no path of a program`, 'write one such as /bin/bash');
	if (user.home !== undefined && !path.test(user.home)) {
		report(['home'], `${quote(user.home)} is no path of a directory`, 'write one such as /home/ops');
	}
	if (/[:\p{Cc}]/u.test(user.comment ?? '')) {
		report(['comment'], 'a colon or a control character cannot be kept', 'write a name such as "Operator"');
	}
	user.ssh_keys?.forEach((key, index) => {
		if (isPublicKey(key)) return;
		report(['ssh_keys', index], 'this is no public key of SSH', 'write what is in a .pub file: "ssh-ed25519 AAAA… name"');
	});
}
