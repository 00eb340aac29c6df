/** SSH into a guest: the one place that knows the SSH library. */
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { AuthenticationType, AuthHandlerMiddleware, Client, ConnectConfig } from 'ssh2';
import { withDeadline, withEither } from '../base/waiting.js';
import type { HostKey } from '../lab/lab.js';
import { CommandOutput, type Ending } from './channel.js';
import { stderrUnderSudo, underSudo, type ExecResult, type PreparedCommand } from './command.js';
import {
	execRefused,
	loginRefused,
	lost,
	sudoRefused,
	unreachable,
	wrongHostKey,
	type Whereabouts,
} from './failures.js';
import { isEd25519Blob, keyBlob } from './host-key.js';
import { TcpOpenError, tcpReason } from './tcp.js';

export interface SshTarget extends Whereabouts {
	readonly password: string;
	/** The public key that the guest must show, as OpenSSH writes it: `ssh-ed25519 AAAA…`. */
	readonly hostKey: string;
}

export interface ConnectOptions extends SshTarget {
	/** For the whole way from the first packet to being logged in. */
	readonly readyTimeoutMs: number;
	readonly signal?: AbortSignal | undefined;
}

/** How long something in the guest may take, and who may stop it before. */
export interface Limits {
	readonly timeoutMs: number;
	readonly signal?: AbortSignal | undefined;
}

export interface ExecOptions extends Limits {
	/** Runs the command in bash as root, by way of the user's sudo and password; otherwise in the user's own shell. */
	readonly sudo?: boolean;
	/** What the command reads from stdin; without it, the end of the file at once. */
	readonly input?: string;
}

export interface SshSession {
	/** The connection is gone, by our will or not. */
	readonly closed: boolean;
	/**
	 * Runs a command. Resolves whatever became of it, also when its time is up; its channel is closed then, which ends
	 * it at its next write (no signal reaches what sudo has started). Rejects with a Failure when the connection is lost (`ssh-lost`), the server starts
	 * nothing (`ssh-exec`) or sudo does not let us in (`ssh-sudo`), and with the signal's reason when it aborts.
	 */
	exec(command: string, options: ExecOptions): Promise<ExecResult>;
	/**
	 * Opens a TCP connection that starts in the guest, where `host` is also looked up. Rejects with a TcpOpenError that
	 * gives the reason, with `ssh-lost`, or with the signal's reason.
	 */
	openTcp(host: string, port: number, limits: Limits): Promise<Duplex>;
	/** Says farewell, and waits for the guest's. */
	close(): Promise<void>;
	/** Ends the connection at once, which the guest need not notice. */
	hangUp(): void;
}

/** Makes an Ed25519 host key. */
export function generateHostKey(comment = 'rehearse'): HostKey {
	for (;;) {
		const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
		if (isEd25519Blob(keyBlob(pair.public))) return { privateKey: pair.private, publicKey: pair.public };
	}
}

/**
 * Logs in with the password. Rejects with a Failure: `ssh-unreachable`, `ssh-host-key` or `ssh-auth` (the last two
 * are final), or with the signal's reason.
 */
export async function connectSsh(options: ConnectOptions): Promise<SshSession> {
	const { readyTimeoutMs, signal } = options;
	signal?.throwIfAborted();
	const expectedKey = keyBlob(options.hostKey);
	let shownKey = expectedKey;
	const client = new ssh2.Client();
	const ready = new Promise<void>((resolve, reject) => {
		client.once('ready', resolve);
		// The listener stays: an error that nobody listens to would end the process.
		client.on('error', reject);
		client.once('close', () => reject(new Error('the guest closed the connection')));
	});
	client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
		answer(prompts.map(() => options.password)),
	);
	const session = new Session(client, options);
	client.connect({
		...clientConfig(options),
		hostVerifier: (key: Buffer) => (shownKey = key).equals(expectedKey),
	});
	try {
		await withDeadline(ready, readyTimeoutMs, () => new Error(`no login within ${readyTimeoutMs} ms`), signal);
		return session;
	} catch (error) {
		client.destroy();
		signal?.throwIfAborted();
		if (!shownKey.equals(expectedKey)) throw wrongHostKey(options, shownKey, expectedKey);
		const refused = error instanceof Error && 'level' in error && error.level === 'client-authentication';
		throw refused ? loginRefused(options, error) : unreachable(options, error);
	}
}

const clientConfig = ({ host, port, username, password }: SshTarget): ConnectConfig => ({
	host,
	port,
	username,
	password,
	// Without it the library leaves keyboard-interactive out, whatever the handler says.
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
	// A guest that says nothing for a minute is dead; a busy emulated one may well be silent for half of that.
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

class DeadlinePassed extends Error {}

class Session implements SshSession {
	readonly #client: Client;
	readonly #target: SshTarget;
	/** Aborts when the connection is gone, so that whatever waits for the guest ends at once. */
	readonly #gone = new AbortController();

	constructor(client: Client, target: SshTarget) {
		this.#client = client;
		this.#target = target;
		let cause: unknown;
		client.on('error', (error) => (cause = error));
		client.once('close', () => this.#gone.abort(lost(target, cause)));
	}

	get closed(): boolean {
		return this.#gone.signal.aborted;
	}

	async exec(command: string, options: ExecOptions): Promise<ExecResult> {
		const { sudo = false, input = '' } = options;
		const sent = sudo ? underSudo(command, this.#target.password, input) : { command, input };
		const output = new CommandOutput();
		const start = performance.now();
		let ending: Ending | undefined;
		try {
			ending = await this.#within(options, (stop) => this.#run(sent, output, stop));
		} catch (error) {
			if (!(error instanceof DeadlinePassed)) throw error;
		}
		// OpenSSH always tells how a command ended, unless the connection ended first.
		if (ending && ending.exitCode === undefined && ending.signal === undefined) throw lost(this.#target);
		const stderr = sudo ? stderrUnderSudo(output.stderr) : output.stderr;
		if (ending && stderr === undefined) throw sudoRefused(this.#target, output.stderr);
		return {
			stdout: output.stdout,
			stderr: stderr ?? output.stderr,
			exitCode: ending?.exitCode,
			...(ending?.signal !== undefined && { signal: ending.signal }),
			ms: performance.now() - start,
			timedOut: ending === undefined,
		};
	}

	async openTcp(host: string, port: number, limits: Limits): Promise<Duplex> {
		try {
			return await this.#within(limits, (stop) => this.#openForward(host, port, stop));
		} catch (error) {
			if (error instanceof DeadlinePassed) throw new TcpOpenError(host, port, 'timed-out', '');
			throw error;
		}
	}

	async close(): Promise<void> {
		if (this.closed) return;
		const closed = new Promise<void>((resolve) => this.#client.once('close', () => resolve()));
		this.#client.end();
		// A guest that is gone answers no farewell.
		await withDeadline(closed, 1000, () => new DeadlinePassed()).catch(() => this.#client.destroy());
	}

	hangUp(): void {
		this.#client.destroy();
	}

	/** Waits for `work` within limits and while the connection lasts; where it fails, `stop` ends what was begun. */
	async #within<T>(limits: Limits, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
		return withEither([this.#gone.signal, limits.signal], async (ended) => {
			ended.throwIfAborted();
			const stop = new AbortController();
			try {
				return await withDeadline(work(stop.signal), limits.timeoutMs, () => new DeadlinePassed(), ended);
			} catch (error) {
				stop.abort();
				throw error;
			}
		});
	}

	#run({ command, input }: PreparedCommand, output: CommandOutput, stop: AbortSignal): Promise<Ending> {
		return new Promise((resolve, reject) => {
			this.#client.exec(command, (error, channel) => {
				if (error) return afterNews(() => reject(execRefused(this.#target, error)));
				onceAborted(stop, () => channel.close());
				// Now, and not when a promise is looked at: the end of a short command may be in the same packet.
				resolve(output.collect(channel, input));
			});
		});
	}

	#openForward(host: string, port: number, stop: AbortSignal): Promise<Duplex> {
		return new Promise((resolve, reject) => {
			this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
				if (error) {
					const code = 'reason' in error ? error.reason : undefined;
					const message = error.message.replace(/^\(SSH\) Channel open failure: /, '');
					return afterNews(() => reject(new TcpOpenError(host, port, tcpReason(code, message), message)));
				}
				onceAborted(stop, () => channel.destroy());
				resolve(channel);
			});
		});
	}
}

/** A connection that is lost tells what waits for it of a failure first, and of its end right after: that is the reason. */
const afterNews = (run: () => void): void => void setImmediate(run);

/** Also when it has aborted already: a channel that opens after its time must still be closed. */
function onceAborted(signal: AbortSignal, run: () => void): void {
	if (signal.aborted) run();
	else signal.addEventListener('abort', run, { once: true });
}
