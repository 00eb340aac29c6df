/** Commands as root over SSH, by what every recipe with an SSH server and a user of its own has: a login, and sudo(8). */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ByteCollector } from '../../base/byte-collector.js';
import { quote } from '../../base/shell.js';
import { untilAborted, withDeadline } from '../../base/waiting.js';
import type { RemoteCommand, SshSession } from '../../ssh/login.js';
import type { CommandResult, GuestCommands, Limits } from '../command-channel.js';
import { connectionReason, GuestConnectionError } from '../connection-error.js';
import type { ConsoleLogin } from '../spec.js';

/** What is taken of one stream, in bytes. */
const maximumStream = 8 * 2 ** 20;

/** How long a command may be in the guest's own time beyond that of who waits, in seconds: then timeout(1) ends it. */
const graceSeconds = 2;

class DeadlinePassed extends Error {}

/** Runs commands in a guest over the SSH session of a user who is root, or becomes root by sudo. */
export class SshCommands implements Pick<GuestCommands, 'run' | 'connect'> {
	readonly #session: SshSession;
	readonly #login: ConsoleLogin;

	constructor(session: SshSession, login: ConsoleLogin) {
		this.#session = session;
		this.#login = login;
	}

	/** Rejects where the connection is gone: then nothing of the command may have run. */
	async run(command: string, { timeoutMs, signal }: Limits): Promise<CommandResult> {
		const began = performance.now();
		const seconds = Math.ceil(timeoutMs / 1000) + graceSeconds;
		const started = await this.#start(`cd; exec timeout -k 1 ${seconds} bash -c ${quote(command)}`, { timeoutMs, signal });
		started.stream.end();
		const [stdout, stderr] = [collect(started.stream), collect(started.stderr)];
		const result = (end: Pick<CommandResult, 'exitCode' | 'timedOut'> & { readonly signal?: string }): CommandResult => ({
			...end,
			stdout: stdout(),
			stderr: stderr(),
			ms: performance.now() - began,
		});
		try {
			const { exitCode, signal: killedBy } = await withDeadline(started.ended, timeoutMs, () => new DeadlinePassed(), signal);
			if (exitCode === undefined && killedBy === undefined) throw new Error('the guest closed the connection');
			return result({ exitCode, timedOut: false, ...(killedBy === undefined ? {} : { signal: killedBy }) });
		} catch (error) {
			started.stream.destroy();
			if (error instanceof DeadlinePassed) return result({ exitCode: undefined, timedOut: true });
			throw error;
		}
	}

	/** By bash's /dev/tcp, so that no setting of the SSH server is asked for it. */
	async connect(host: string, port: number, { timeoutMs, signal }: Limits): Promise<Duplex> {
		const relay = 'exec 3<>"/dev/tcp/$1/$2" 4<&0 || exit 1; echo >&2; cat <&4 >&3 & cat <&3; kill $!';
		const started = await this.#start(`exec timeout 600 bash -c ${quote(relay)} relay ${quote(host)} ${port}`, { timeoutMs, signal });
		let message = '';
		let isOpen = false;
		// Nobody reads from a connection that did not come about, and it does not end before it was read.
		started.stream.once('exit', () => isOpen || started.stream.resume());
		const opened = new Promise<void>((resolve, reject) => {
			started.stderr.on('data', (chunk: Buffer) => {
				message = (message + chunk.toString('utf8')).slice(-maximumMessage);
				isOpen ||= message.startsWith('\n');
				if (isOpen) resolve();
			});
			void started.ended.then(() => reject(new GuestConnectionError(host, port, connectionReason(message), message.trim().split('\n')[0] ?? '')));
		});
		try {
			await withDeadline(opened, timeoutMs, () => new GuestConnectionError(host, port, 'timed-out', ''), signal);
			return started.stream;
		} catch (error) {
			started.stream.destroy();
			throw error;
		}
	}

	/**
	 * Begins a program of sh(1) as root. sudo need not ask for the password, by its configuration (NOPASSWD) or because it was
	 * given a moment ago: what is the program's begins behind a mark.
	 */
	async #start(program: string, { timeoutMs, signal }: Limits): Promise<RemoteCommand> {
		const { username, password } = this.#login;
		const isRoot = username === 'root';
		const mark = randomBytes(9).toString('hex');
		const toMark = `until [ "$line" = ${mark} ]; do IFS= read -r line || exit; done; `;
		const shell = `sh -c ${quote(`${isRoot ? '' : toMark}${program}`)}`;
		const start = this.#session.exec(isRoot ? shell : `sudo -S -H -p '' -- ${shell}`);
		const started = await withDeadline(untilAborted(start, signal), timeoutMs, () => new Error('the guest does not answer'), signal);
		if (!isRoot) started.stream.write(`${password}\n${mark}\n`);
		return started;
	}
}

/** How much of an error message is kept, in characters. */
const maximumMessage = 4000;

/** Gathers a stream; what exceeds the limit is thrown away. */
function collect(stream: NodeJS.ReadableStream): () => string {
	const bytes = new ByteCollector();
	stream.on('data', (chunk: Buffer) => bytes.add(chunk.subarray(0, maximumStream - bytes.length)));
	return () => bytes.take().toString('utf8');
}
