/** What can go wrong with SSH, as Failures with stable codes. */
import { brokenFailure, Failure } from '../base/errors.js';
import { lastLines } from '../base/format.js';
import { fingerprint } from './host-key.js';

/** Whose SSH it is, as messages name it. */
export interface Whereabouts {
	/** The node. */
	readonly node: string;
	readonly host: string;
	readonly port: number;
	readonly username: string;
}

const place = ({ node, host, port }: Whereabouts): string => `SSH of ${node} (${host}:${port})`;

const text = (cause: unknown): string => (cause instanceof Error ? cause.message || cause.name : String(cause));

/** `ssh-unreachable`: nobody answers, or not as SSH does; may pass. */
export const unreachable = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-unreachable', `${place(at)} cannot be reached: ${text(cause)}`, { node: at.node, cause });

/** `ssh-host-key`: whoever answers is not the machine that we gave its key. */
export const wrongHostKey = (at: Whereabouts, shown: Uint8Array, expected: Uint8Array): Failure =>
	brokenFailure('ssh-host-key', `${place(at)} shows host key ${fingerprint(shown)}, not ${fingerprint(expected)}`, {
		node: at.node,
		hint: 'another machine answers at this address, or a startup script replaced the host keys',
	});

/** `ssh-auth`: the password is not taken. */
export const loginRefused = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-auth', `${place(at)} refuses user '${at.username}' with the declared password`, {
		node: at.node,
		cause,
		hint: 'does a startup script change the user, the password or the configuration of sshd?',
	});

/** `ssh-lost`: the connection ended while it was needed; another may be made. */
export const lost = (at: Whereabouts, cause?: unknown): Failure =>
	brokenFailure('ssh-lost', `${place(at)}: the connection was lost${cause === undefined ? '' : `: ${text(cause)}`}`, {
		node: at.node,
		cause,
	});

/** `ssh-exec`: the connection is well, but the server starts no command. */
export const execRefused = (at: Whereabouts, cause: unknown): Failure =>
	brokenFailure('ssh-exec', `${place(at)} starts no command: ${text(cause)}`, { node: at.node, cause });

/** `ssh-sudo`: the user is in, but may not become root with its password. */
export const sudoRefused = (at: Whereabouts, stderr: string): Failure =>
	brokenFailure('ssh-sudo', `${at.username} of ${at.node} cannot become root: ${lastLines(stderr, 1)}`, {
		node: at.node,
		detail: stderr,
		hint: `is '${at.username}' a member of the group sudo, and is sudo installed?`,
	});

/** Whether the same will happen again however often one tries: a password or a host key does not fix itself. */
export const isFinal = (error: unknown): boolean =>
	error instanceof Failure && (error.code === 'ssh-auth' || error.code === 'ssh-host-key');

/** Whether the guest's SSH, not the tool, is what fails: the declared user cannot get in, or is thrown out. */
export const isSshFailure = (error: unknown): error is Failure =>
	error instanceof Failure && error.code.startsWith('ssh-');
