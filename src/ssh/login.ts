/** Logs in to a guest by SSH, to find out whether that works. The only module that imports the SSH library. */
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import ssh2 from 'ssh2';
import type { AuthenticationType, AuthHandlerMiddleware, Client, ConnectConfig } from 'ssh2';
import { lastLines, oneLine } from '../base/format.js';
import { withDeadline } from '../base/waiting.js';
import type { HostKey } from '../lab/lab.js';
import { loginRefused, shellLate, shellRefused, unreachable, wrongHostKey, type Whereabouts } from './failures.js';
import { isEd25519Blob, keyBlob } from './host-key.js';

export interface SshTarget extends Whereabouts {
	readonly password: string;
	/** The public key that the guest must show, as OpenSSH writes it: `ssh-ed25519 AAAA…`. */
	readonly hostKey: string;
}

export interface LoginOptions extends SshTarget {
	/** For the whole way from the first packet to the end of a command. */
	readonly timeoutMs: number;
	readonly signal?: AbortSignal | undefined;
}

/** Makes an Ed25519 host key. */
export function generateHostKey(comment = 'rehearse'): HostKey {
	for (;;) {
		const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
		if (isEd25519Blob(keyBlob(pair.public))) return { privateKey: pair.private, publicKey: pair.public };
	}
}

/**
 * Logs in with the password, has the user's shell do nothing, and leaves. Rejects with a Failure: `ssh-unreachable`,
 * `ssh-host-key`, `ssh-auth`, `ssh-late` or `ssh-shell`, or with the signal's reason.
 */
export const logIn = (options: LoginOptions): Promise<void> =>
	visiting(options, (client) => {
		client.end();
		client.destroy();
	});

/** Logs in, and keeps the session. Rejects as `logIn` does. */
export async function openSession(options: LoginOptions): Promise<SshSession> {
	let session: SshSession | undefined;
	await visiting(options, (client) => (session = new SshSession(client)));
	if (!session) throw new Error('there is no session');
	return session;
}

/** A command that runs in a session: a stream to its standard input and from its standard output. */
export interface RemoteCommand {
	readonly stream: Duplex;
	readonly stderr: Readable;
	/** Resolves when it has ended and all that it wrote was passed on: to its status, absent where a signal ended it. */
	readonly ended: Promise<{ readonly exitCode?: number; readonly signal?: string }>;
}

/** The session of a user who is logged in. */
export class SshSession {
	readonly #client: Client;
	#isOver = false;

	constructor(client: Client) {
		this.#client = client;
		client.once('close', () => (this.#isOver = true));
		client.on('error', () => this.#client.destroy());
	}

	/** Whether the connection is gone. */
	get isOver(): boolean {
		return this.#isOver;
	}

	/** Has the user's shell run a command. Rejects where the connection is gone. */
	exec(command: string): Promise<RemoteCommand> {
		return new Promise((resolve, reject) => {
			if (this.#isOver) return void reject(new Error('the connection is closed'));
			const onClose = () => reject(new Error('the guest closed the connection'));
			this.#client.once('close', onClose);
			this.#client.exec(command, (error, channel) => {
				this.#client.removeListener('close', onClose);
				if (error) return void reject(error);
				channel.on('error', () => undefined);
				let end: { readonly exitCode?: number; readonly signal?: string } = {};
				channel.on('exit', (code: number | null, signal?: string) => (end = code === null ? { signal: (signal ?? 'unknown').replace(/^SIG/, '') } : { exitCode: code }));
				resolve({ stream: channel, stderr: channel.stderr, ended: new Promise((done) => channel.once('close', () => done(end))) });
			});
		});
	}

	/** Leaves. */
	end(): void {
		this.#client.end();
		this.#client.destroy();
	}
}

async function visiting(options: LoginOptions, then: (client: Client) => unknown): Promise<void> {
	const { timeoutMs, signal } = options;
	signal?.throwIfAborted();
	const expectedKey = keyBlob(options.hostKey);
	let shownKey = expectedKey;
	let isIn = false;
	let isLate = false;
	const client = new ssh2.Client();
	const ready = new Promise<void>((resolve, reject) => {
		client.once('ready', resolve);
		// The listener is not removed: an error that nobody listens to would end the process.
		client.on('error', reject);
		client.once('close', () => reject(new Error('the guest closed the connection')));
	});
	client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
		answer(prompts.map(() => options.password)),
	);
	// Nobody may be waiting for it yet when it fails.
	ready.catch(() => undefined);
	const visit = async () => {
		await ready;
		isIn = true;
		await greet(client);
	};
	try {
		client.connect({
			...clientConfig(options),
			sock: await connect(options, Math.min(timeoutMs, connectMs), signal),
			hostVerifier: (key: Buffer) => (shownKey = key).equals(expectedKey),
		});
		const late = () => {
			isLate = true;
			return new Error(`no login within ${timeoutMs} ms`);
		};
		await withDeadline(visit(), timeoutMs, late, signal);
		then(client);
	} catch (error) {
		// The server need not answer the goodbye.
		client.end();
		client.destroy();
		signal?.throwIfAborted();
		if (!shownKey.equals(expectedKey)) throw wrongHostKey(options, shownKey, expectedKey);
		if (isIn) throw isLate ? shellLate(options, error) : shellRefused(options, error);
		const refused = error instanceof Error && 'level' in error && error.level === 'client-authentication';
		throw refused ? loginRefused(options, error) : unreachable(options, error);
	}
}

/** How long the guest's kernel may take to answer, in milliseconds: a firewall that drops packets never does. */
const connectMs = 5000;

async function connect({ host, port }: SshTarget, timeoutMs: number, signal: AbortSignal | undefined): Promise<net.Socket> {
	const socket = net.connect(port, host);
	try {
		await withDeadline(once(socket, 'connect'), timeoutMs, () => new Error(`no connection within ${timeoutMs} ms`), signal);
		return socket;
	} catch (error) {
		socket.on('error', () => undefined).destroy();
		throw error;
	}
}

/** How much is kept of the message to a refused user, in characters: it is short. */
const maximumMessage = 4000;

/** Runs nothing in the user's shell: there has to be one, and the account must not be one that may not be used as it is. */
const greet = (client: Client): Promise<void> =>
	new Promise((resolve, reject) => {
		client.once('close', () => reject(new Error('the guest closed the connection')));
		client.exec('exit 0', (error, channel) => {
			if (error) return void reject(error);
			let message = '';
			const listen = (chunk: Buffer) => void (message = (message + chunk.toString('utf8')).slice(-maximumMessage));
			channel.on('data', listen);
			channel.stderr.on('data', listen);
			channel.on('error', () => undefined);
			let status: number | null = null;
			channel.on('exit', (code: number | null) => (status = code));
			// By then all that it wrote has come.
			channel.once('close', () => {
				if (status === 0) resolve();
				else reject(new Error(oneLine(lastLines(message, 3)) || `its shell ends with status ${status}`));
			});
		});
	});

const clientConfig = ({ host, port, username, password }: SshTarget): ConnectConfig => ({
	host,
	port,
	username,
	password,
	// Without it the library leaves keyboard-interactive out, whatever the handler offers.
	tryKeyboard: true,
	authHandler: offerPassword(),
	// What is cheapest for an emulated guest comes first; the library's defaults follow.
	algorithms: {
		kex: { prepend: ['curve25519-sha256'], append: [], remove: [] },
		serverHostKey: { prepend: ['ssh-ed25519'], append: [], remove: [] },
		cipher: { prepend: ['chacha20-poly1305@openssh.com', 'aes128-ctr'], append: [], remove: [] },
	},
	// The caller's deadline is for connecting as well, which the library's does not cover.
	readyTimeout: 0,
	// A guest that sends nothing for a minute is dead; a busy emulated one may well be silent for half of that.
	keepaliveInterval: 15_000,
	keepaliveCountMax: 4,
});

/**
 * Offers the password once, and by keyboard-interactive only where the server takes no other. A second wrong answer
 * would only add to the time for which sshd (from OpenSSH 9.8 on, PerSourcePenalties) shuts our address out.
 */
function offerPassword(): AuthHandlerMiddleware {
	let tries = 0;
	return (methods: AuthenticationType[] | null): AuthenticationType | false => {
		tries++;
		if (tries === 1) return 'password';
		const onlyInteractive = methods?.includes('keyboard-interactive') && !methods.includes('password');
		return tries === 2 && onlyInteractive ? 'keyboard-interactive' : false;
	};
}
