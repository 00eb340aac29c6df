/** What can go wrong with SSH, as Failures with stable codes. */
import { brokenFailure, type Failure } from '../base/errors.js';
import { fingerprint } from './host-key.js';

/** The node and user of an SSH connection, for messages. */
export interface Whereabouts {
	/** The node. */
	readonly node: string;
	readonly host: string;
	readonly port: number;
	readonly username: string;
}

const place = ({ node, host, port }: Whereabouts): string => `SSH of ${node} (${host}:${port})`;

const text = (cause: unknown): string => (cause instanceof Error ? cause.message || cause.name : String(cause));

/** `ssh-unreachable`: nobody answers, or something other than SSH does. It may pass. */
export const unreachable = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-unreachable', `${place(at)} cannot be reached: ${text(cause)}`, { node: at.node, cause });

/** `ssh-host-key`: the server that answers does not have the key that the machine was given. */
export const wrongHostKey = (at: Whereabouts, shown: Uint8Array, expected: Uint8Array): Failure =>
	brokenFailure('ssh-host-key', `${place(at)} shows host key ${fingerprint(shown)}, not ${fingerprint(expected)}`, {
		node: at.node,
		hint: 'another machine answers at this address, or a startup script replaced the host keys',
	});

/** `ssh-auth`: the server does not accept the password. */
export const loginRefused = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-auth', `${place(at)} refuses user '${at.username}' with the declared password`, {
		node: at.node,
		cause,
		hint: 'does a startup script change the user or the password?',
	});

/** Messages of login(1), PAM and sshd where a password has to be changed first, or an account may not be used any more. */
const isExpired = (message: string): boolean => /password has expired|password change required|change your password|account has expired|password expired/i.test(message);

/** `ssh-shell` of a password that has to be changed: a person can do that at a terminal, and no program can. */
const passwordExpired = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-shell', `${place(at)}: the password of user '${at.username}' has expired, and has to be changed before anything runs: ${text(cause)}`, {
		node: at.node,
		cause,
		hint: 'does a startup script let it expire (chage, passwd --expire)?',
	});

/** `ssh-late`: the user is logged in, and what was to be run has not ended yet. It may be the host that is slow. */
export const shellLate = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-late', `${place(at)} lets user '${at.username}' in, and runs nothing: ${text(cause)}`, {
		node: at.node,
		cause,
		hint: 'does its shell wait for something?',
	});

/** `ssh-shell`: the user is logged in, but cannot run a command. */
export const shellRefused = (at: Whereabouts, cause: unknown): Failure =>
	isExpired(text(cause)) ? passwordExpired(at, cause) : brokenFailure('ssh-shell', `${place(at)} lets user '${at.username}' in, and runs nothing: ${text(cause)}`, {
		node: at.node,
		cause,
		hint: 'is its shell there?',
	});
