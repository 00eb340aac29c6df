/**
 * The channel over which a guest runs commands for the host as root and connects it to ports that the guest reaches
 * (`cloud-init/guest/Commands.pm`, which has the messages). It needs no network, no SSH and no user of the recipe.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { Duplex } from 'node:stream';
import { ByteCollector } from '../base/byte-collector.js';
import { brokenFailure, type Failure } from '../base/errors.js';
import { onLines } from '../base/lines.js';
import { withDeadline, withEither } from '../base/waiting.js';
import { connectionReason, GuestConnectionError } from './connection-error.js';

/** How long something in the guest may take, and who may stop it before. */
export interface Limits {
	readonly timeoutMs: number;
	readonly signal?: AbortSignal | undefined;
}

/** The result of a command in the guest. */
export interface CommandResult {
	readonly stdout: string;
	readonly stderr: string;
	/** Absent when the command was killed by a signal or had not ended in time. */
	readonly exitCode: number | undefined;
	/** Name of the signal that ended it, without `SIG`. */
	readonly signal?: string;
	readonly ms: number;
	/** The command had not ended when its time was up; stdout and stderr are what it had written by then. */
	readonly timedOut: boolean;
}

/** Commands and connections inside a guest. All reject with `command-channel` when the guest does not answer. */
export interface GuestCommands {
	/** Runs a command in bash as root, without input. Resolves whatever became of it, also when its time is up: it is killed then. */
	run(command: string, limits: Limits): Promise<CommandResult>;
	/**
	 * Looks at the sockets that wait to be spoken to. Prints a line for each as `ss -Hltn` does, a blank line, and for each
	 * process that has one of this port the machine's uptime in seconds, the process's start (proc_pid_stat(5), in hundredths
	 * of a second since boot), the local address and port, and its control group.
	 */
	listSockets(protocol: 'tcp' | 'udp', port: number, limits: Limits): Promise<CommandResult>;
	/** Services that systemd has restarted by itself, each with how often. It starts no program in the guest. */
	listRestarts(limits: Limits): Promise<ReadonlyMap<string, number>>;
	/**
	 * Opens a TCP connection that starts in the guest, where `host` is also looked up. Rejects with a GuestConnectionError
	 * that gives the reason, or with the signal's reason.
	 */
	connect(host: string, port: number, limits: Limits): Promise<Duplex>;
}

/** The longest message that the guest sends is 16 KiB of output in base64. */
const maximumLineBytes = 64 * 1024;

/** What a guest may send of one stream, in bytes; the guest itself keeps to it unless somebody has replaced its agent. */
const maximumStreamBytes = 8 * 2 ** 20;

/** Who waits for messages about one command or connection. */
type Listener = (kind: string, fields: ReadonlyMap<string, string>) => void;

class DeadlinePassed extends Error {}

/** A machine's command channel, over the stream of its port. */
export class CommandChannel implements GuestCommands {
	readonly #node: string;
	readonly #port: Duplex;
	readonly #listeners = new Map<string, Listener>();
	readonly #gone = new AbortController();
	/**
	 * Part of each id: what a restored guest still sends to the host that it was saved under is not meant for this one.
	 */
	readonly #prefix = randomBytes(4).toString('hex');
	#count = 0;

	/** @param onTooLong called once when the guest writes a line without an end, with the longest that is read, in bytes */
	constructor(node: string, port: Duplex, onTooLong: (maximumBytes: number) => void = () => undefined) {
		this.#node = node;
		this.#port = port;
		port.on('error', () => port.destroy());
		port.once('close', () => this.#gone.abort(this.#silent('its machine has ended')));
		onLines(port, {
			maximumBytes: maximumLineBytes,
			onTooLong: () => onTooLong(maximumLineBytes),
			onLine: (line) => {
				const [kind = '', ...pairs] = line.trim().split(' ');
				const fields = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
				this.#listeners.get(fields.get('id') ?? '')?.(kind, fields);
			},
		});
		// A restored guest may have been saved in the middle of a line, with commands whose host is gone.
		this.#send('\nreset');
	}

	run(command: string, limits: Limits): Promise<CommandResult> {
		return this.#do('run', [encoded(command)], limits);
	}

	listSockets(protocol: 'tcp' | 'udp', port: number, limits: Limits): Promise<CommandResult> {
		return this.#do('sockets', [protocol, String(port)], limits);
	}

	async listRestarts(limits: Limits): Promise<ReadonlyMap<string, number>> {
		const { stdout } = await this.#do('restarts', [], limits);
		return new Map([...stdout.matchAll(/^(\S+\.service) (\d{1,9})$/gm)].map(([, unit = '', count]) => [unit, Number(count)]));
	}

	async #do(request: 'run' | 'restarts' | 'sockets', values: readonly string[], limits: Limits): Promise<CommandResult> {
		const id = this.#nextId();
		const output = { out: new Collected(), err: new Collected() };
		const start = performance.now();
		let hasBegun = false;
		const ending = new Promise<ReadonlyMap<string, string>>((resolve) => {
			this.#listeners.set(id, (kind, fields) => {
				if (kind === 'began') hasBegun = true;
				if (kind === 'out' || kind === 'err') output[kind].add(fields);
				if (kind === 'ended') resolve(fields);
			});
		});
		this.#send([request, id, ...values].join(' '));
		let ended: ReadonlyMap<string, string> | undefined;
		try {
			ended = await this.#within(ending, limits);
		} catch (error) {
			this.#send(`kill ${id}`);
			if (!(error instanceof DeadlinePassed)) throw error;
			if (!hasBegun) throw this.#silent(`it sent nothing for ${Math.round(limits.timeoutMs / 1000)} s`);
		} finally {
			this.#listeners.delete(id);
		}
		const signal = signalName(Number(ended?.get('signal') ?? 0));
		return {
			stdout: output.out.text,
			stderr: output.err.text,
			exitCode: ended === undefined || signal !== undefined ? undefined : Number(ended.get('status')),
			...(signal === undefined ? {} : { signal }),
			ms: performance.now() - start,
			timedOut: ended === undefined,
		};
	}

	async connect(host: string, port: number, limits: Limits): Promise<Duplex> {
		const id = this.#nextId();
		const connection = new GuestConnection({
			onData: (bytes) => this.#send(`data ${id} ${bytes.toString('base64')}`),
			onClose: () => {
				this.#send(`kill ${id}`);
				this.#listeners.delete(id);
			},
		});
		const opened = new Promise<void>((resolve, reject) => {
			this.#listeners.set(id, (kind, fields) => {
				if (kind === 'began') resolve();
				if (kind === 'out') connection.receive(Buffer.from(fields.get('data') ?? '', 'base64'));
				if (kind !== 'closed') return;
				const why = Buffer.from(fields.get('why') ?? '', 'base64').toString('utf8');
				reject(new GuestConnectionError(host, port, connectionReason(why), why));
				connection.end();
				connection.finish();
			});
		});
		opened.catch(() => undefined);
		this.#send(`connect ${id} ${encoded(host)} ${port}`);
		try {
			await this.#within(opened, limits);
			return connection;
		} catch (error) {
			connection.destroy();
			if (error instanceof DeadlinePassed) throw new GuestConnectionError(host, port, 'timed-out', '');
			throw error;
		}
	}

	#nextId(): string {
		return `${this.#prefix}.${++this.#count}`;
	}

	#send(line: string): void {
		if (!this.#port.destroyed) this.#port.write(`${line}\n`);
	}

	#within<T>(promise: Promise<T>, { timeoutMs, signal }: Limits): Promise<T> {
		return withEither([this.#gone.signal, signal], (ended) => withDeadline(promise, timeoutMs, () => new DeadlinePassed(), ended));
	}

	#silent(why: string): Failure {
		return brokenFailure('command-channel', `${this.#node} does not answer on its command channel: ${why}`, {
			node: this.#node,
			hint: 'does a startup script end programs that it did not start? `rehearse console` shows what the machine does',
		});
	}
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

const signalName = (number: number): string | undefined => {
	const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
	return number === 0 ? undefined : (name?.replace(/^SIG/, '') ?? String(number));
};

/** One stream of a command. What exceeds the limit is thrown away. */
class Collected {
	readonly #bytes = new ByteCollector();

	add(fields: ReadonlyMap<string, string>): void {
		const room = maximumStreamBytes - this.#bytes.length;
		this.#bytes.add(Buffer.from(fields.get('data') ?? '', 'base64').subarray(0, room));
	}

	get text(): string {
		return this.#bytes.take().toString('utf8');
	}
}

/** A TCP connection of the guest's. One that sends more than is read is ended: it could fill this process's memory. */
class GuestConnection extends Duplex {
	readonly #hooks: { readonly onData: (bytes: Buffer) => void; readonly onClose: () => void };
	readonly #unread = new ByteCollector();
	#isWanted = false;
	#hasEnded = false;

	constructor(hooks: { readonly onData: (bytes: Buffer) => void; readonly onClose: () => void }) {
		super();
		this.#hooks = hooks;
		this.on('error', () => undefined);
	}

	receive(bytes: Buffer): void {
		if (this.destroyed || this.#hasEnded) return;
		if (this.#unread.length + bytes.length > maximumStreamBytes) return void this.destroy();
		this.#unread.add(bytes);
		this.#pass();
	}

	/** The other side sends no more. */
	finish(): void {
		this.#hasEnded = true;
		this.#pass();
	}

	override _read(): void {
		this.#isWanted = true;
		this.#pass();
	}

	/** All at once: of many small pieces the stream itself would keep each. */
	#pass(): void {
		if (this.#isWanted && this.#unread.length > 0) {
			this.#isWanted = false;
			this.push(this.#unread.take());
		}
		if (this.#hasEnded && this.#unread.length === 0) this.push(null);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		// The guest takes a line at a time.
		for (let at = 0; at < chunk.length; at += 16_384) this.#hooks.onData(chunk.subarray(at, at + 16_384));
		done();
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#hooks.onClose();
		done(error);
	}
}
