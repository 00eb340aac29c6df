/** A stand-in for a guest: a real SSH server on loopback that runs commands with this host's bash. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import ssh2, { type AuthContext, type ServerChannel, type Session } from 'ssh2';
import { generateHostKey, type SshTarget } from '../../../src/ssh/login.js';

export interface GuestOptions {
	/** What the user's shell does before it runs a command. */
	readonly shell?: string;
	/** The one way in that the server offers. */
	readonly authentication?: 'password' | 'keyboard-interactive';
	/** Accepts connections and sends nothing on them. */
	readonly silent?: boolean;
}

export interface Guest extends AsyncDisposable {
	/** What it takes to log in. */
	readonly target: SshTarget;
	/** Logins so far, and passwords that were offered. */
	readonly seen: { logins: number; readonly passwords: string[] };
}

const username = 'ops';
const password = `it's a $ecret`;

/** Starts a guest; dispose of it at the end of the test. */
export async function startGuest(options: GuestOptions = {}): Promise<Guest> {
	const hostKey = generateHostKey();
	const seen: Guest['seen'] = { logins: 0, passwords: [] };
	const sockets = new Set<net.Socket>();
	const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (connection) => {
		connection.on('error', () => {});
		connection.on('authentication', (context) => authenticate(context, options, seen));
		connection.on('session', (accept) => serveCommands(accept(), options.shell));
	});
	const listener = net.createServer((socket) => {
		sockets.add(socket);
		socket.on('error', () => {});
		if (!options.silent) ssh.injectSocket(socket);
	});
	await once(listener.listen(0, '127.0.0.1'), 'listening');
	const { port } = listener.address() as net.AddressInfo;
	return {
		target: { node: 'guest', host: '127.0.0.1', port, username, password, hostKey: hostKey.publicKey },
		seen,
		[Symbol.asyncDispose]: async () => {
			listener.close();
			sockets.forEach((socket) => socket.destroy());
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

function serveCommands(session: Session, before = ''): void {
	session.on('exec', (accept, _reject, { command }) => {
		const channel: ServerChannel = accept();
		const shell = spawn('bash', ['-c', `${before}\n${command}`], { detached: true });
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
