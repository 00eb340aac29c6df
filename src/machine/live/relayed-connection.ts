/**
 * A TCP connection of a guest's that is fetched and fed by commands, where the guest has no line of its own for it: at a
 * console, or by QEMU's guest agent. Good enough for a request and its answer.
 */
import { Duplex } from 'node:stream';
import { systemClock } from '../../base/waiting.js';
import { quote } from '../../base/shell.js';
import type { GuestCommands, Limits } from '../command-channel.js';
import { connectionReason, GuestConnectionError } from '../connection-error.js';

type Run = GuestCommands['run'];

/** How long the guest keeps a connection that nobody closes, in seconds. */
const lifeSeconds = 300;

/** How much is fetched at once, in bytes. */
const pieceBytes = 65_536;

/** Between two looks for more, in milliseconds. */
const intervalMs = 200;

/**
 * Begins the relay, and prints its directory once the connection is there, or bash's error message. Where that takes longer
 * than there is time, timeout(1) ends it, and that ends the relay.
 */
const begin = `d=$(mktemp -d /run/relay.XXXXXX)
mkfifo "$d/in"
relay='if exec 3<>"/dev/tcp/$1/$2"; then : >"$0/up"; cat <>"$0/in" >&3 & cat <&3 >"$0/out"; kill $!; else : >"$0/down"; fi; : >"$0/end"'
setsid timeout ${lifeSeconds} bash -c "$relay" "$d" "$1" "$2" </dev/null >/dev/null 2>"$d/err" &
trap 'kill $!; rm -rf "$d"; exit 1' TERM
until [ -e "$d/up" ] || [ -e "$d/end" ]; do sleep 0.05; done
[ -e "$d/up" ] && echo "$d" || { cat "$d/err" >&2; rm -r "$d"; exit 1; }`;

/** Opens a connection by commands. Rejects as `GuestCommands.connect` does. */
export async function relayConnection(run: Run, host: string, port: number, limits: Limits): Promise<Duplex> {
	const opened = await run(`set -- ${quote(host)} ${port}\n${begin}`, limits);
	if (opened.timedOut) throw new GuestConnectionError(host, port, 'timed-out', '');
	const directory = /^\/run\/relay\.\w+$/.exec(opened.stdout.trim())?.[0];
	if (opened.exitCode !== 0 || directory === undefined) {
		const message = opened.stderr.trim();
		throw new GuestConnectionError(host, port, connectionReason(message), message.split('\n')[0] ?? '');
	}
	return new RelayedConnection(run, directory, limits);
}

class RelayedConnection extends Duplex {
	readonly #run: Run;
	readonly #directory: string;
	readonly #limits: Limits;
	readonly #over = new AbortController();
	#taken = 0;
	#isFetching = false;

	constructor(run: Run, directory: string, limits: Limits) {
		super();
		this.#run = run;
		this.#directory = directory;
		this.#limits = limits;
		this.on('error', () => undefined);
	}

	override _read(): void {
		if (this.#isFetching) return;
		this.#isFetching = true;
		void this.#fetch().then(
			(bytes) => {
				this.#isFetching = false;
				if (!this.destroyed) this.push(bytes);
			},
			(error: Error) => this.destroy(error),
		);
	}

	/** Waits for more. Resolves to nothing at the connection's end. */
	async #fetch(): Promise<Buffer | null> {
		const d = this.#directory;
		for (;;) {
			const fetch = `e=; [ -e ${d}/end ] && e=end; tail -c +${this.#taken + 1} ${d}/out 2>/dev/null | head -c ${pieceBytes} | base64 -w 0; echo " $e"`;
			const [data = '', end] = (await this.#run(fetch, this.#limits)).stdout.trimEnd().split(' ');
			const bytes = Buffer.from(data, 'base64');
			this.#taken += bytes.length;
			if (bytes.length > 0) return bytes;
			if (end === 'end') return null;
			await systemClock.sleep(intervalMs, this.#over.signal);
		}
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
		const feed = `printf %s ${chunk.toString('base64')} | base64 -d >>${this.#directory}/in`;
		this.#run(feed, this.#limits).then(() => done(), done);
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#over.abort(new Error('the connection is closed'));
		const d = this.#directory;
		// timeout(1) passes the signal on to all that it has begun. The brackets keep this command from finding itself.
		this.#run(`pkill -f -- "^timeout ${lifeSeconds} .* ${d}[ ]"; rm -rf ${d}`, { timeoutMs: this.#limits.timeoutMs }).catch(() => undefined);
		done(error);
	}
}
