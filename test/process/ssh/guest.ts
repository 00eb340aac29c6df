/** A stand-in for a guest: a real SSH server on loopback that runs commands with this host's bash. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from 'ssh2';
import { generateHostKey, type SshTarget } from '../../../src/ssh/session.js';

export interface GuestOptions {
	/** How the stand-in for sudo treats the user. */
	readonly sudo?: 'asks' | 'does not ask' | 'refuses';
	/** The one way in that the server offers. */
	readonly authentication?: 'password' | 'keyboard-interactive';
	/** Accepts connections and says nothing on them. */
	readonly silent?: boolean;
}

export interface Guest extends AsyncDisposable {
	/** What it takes to log in. */
	readonly target: SshTarget;
	/** Logins so far, and passwords that were offered. */
	readonly seen: { logins: number; readonly passwords: string[] };
	/** Cuts every connection, as a crash would. */
	cut(): void;
	/** Reads nothing more, and so answers nothing. */
	pause(): void;
}

const username = 'ops';
const password = `it's a $ecret`;

/** Reads the one line that sudo(8) reads under -S, and then runs what follows `--`. */
const sudoShim = (mode: NonNullable<GuestOptions['sudo']>): string =>
	[
		'#!/bin/bash',
		mode === 'does not ask' ? 'offered=$SECRET' : 'IFS= read -r offered',
		mode === 'refuses' ? `echo '${username} is not in the sudoers file.' >&2; exit 1` : '',
		`[ "$offered" = "$SECRET" ] || { echo 'sudo: 1 incorrect password attempt' >&2; exit 1; }`,
		'unset SECRET',
		`echo 'We trust you have received the usual lecture.' >&2`,
		'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
	].join('\n');

/** Starts a guest; dispose of it at the end of the test. */
export async function startGuest(options: GuestOptions = {}): Promise<Guest> {
	const directory = await mkdtemp(path.join(tmpdir(), 'rehearse-guest-'));
	await writeFile(path.join(directory, 'sudo'), sudoShim(options.sudo ?? 'asks'));
	await chmod(path.join(directory, 'sudo'), 0o755);
	const environment = { ...process.env, PATH: `${directory}:${process.env.PATH}`, SECRET: password };
	const hostKey = generateHostKey();
	const seen: Guest['seen'] = { logins: 0, passwords: [] };
	const sockets = new Set<net.Socket>();
	const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (connection) => {
		connection.on('error', () => {});
		connection.on('authentication', (context) => authenticate(context, options, seen));
		connection.on('session', (accept) => serveCommands(accept(), environment));
		serveForwards(connection);
	});
	const listener = net.createServer((socket) => {
		sockets.add(socket);
		socket.on('error', () => {});
		if (!options.silent) ssh.injectSocket(socket);
	});
	await once(listener.listen(0, '127.0.0.1'), 'listening');
	const { port } = listener.address() as net.AddressInfo;
	const pause = () => sockets.forEach((socket) => socket.pause());
	const cut = () => sockets.forEach((socket) => socket.destroy());
	return {
		target: { node: 'guest', host: '127.0.0.1', port, username, password, hostKey: hostKey.publicKey },
		seen,
		cut,
		pause,
		[Symbol.asyncDispose]: async () => {
			listener.close();
			cut();
			await rm(directory, { recursive: true });
		},
	};
}

function authenticate(context: AuthContext, { authentication = 'password' }: GuestOptions, seen: Guest['seen']): void {
	const judge = (offered: string | undefined) => {
		seen.passwords.push(offered ?? '');
		if (context.username !== username || offered !== password) return context.reject([authentication]);
		seen.logins++;
		return context.accept();
	};
	if (context.method !== authentication) return context.reject([authentication]);
	if (context.method === 'password') return judge(context.password);
	if (context.method !== 'keyboard-interactive') return;
	context.prompt([{ prompt: 'Password: ', echo: false }], ([answer]) => judge(answer));
}

function serveCommands(session: Session, environment: NodeJS.ProcessEnv): void {
	session.on('exec', (accept, _reject, { command }) => {
		const channel: ServerChannel = accept();
		const shell = spawn('bash', ['-c', command], { env: environment, detached: true });
		channel.on('error', () => {});
		shell.stdin.on('error', () => {});
		channel.pipe(shell.stdin);
		shell.stdout.pipe(channel, { end: false });
		shell.stderr.pipe(channel.stderr, { end: false });
		// The group is the shell's own: with the channel goes all that the command started, as when a guest is stopped.
		channel.on('close', () => {
			if (shell.exitCode === null && shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
		});
		shell.on('close', (code, signal) => {
			if (signal) channel.exit(signal.replace('SIG', ''), false, '');
			else channel.exit(code ?? 0);
			channel.end();
		});
	});
}

/** TCP forwards. A failure is told without its reason, which the library cannot send; OpenSSH does. */
function serveForwards(connection: Connection): void {
	connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
		const socket = net.connect(destPort, destIP);
		socket.once('connect', () => {
			const channel = accept();
			channel.on('error', () => {});
			channel.pipe(socket).pipe(channel);
			channel.on('close', () => socket.destroy());
		});
		socket.once('error', () => reject());
	});
}
