/**
 * The control channel of the guest's agent (`cloud-init/guest/control-channel.bash`). It is attended to while startup scripts run
 * and while the node's network is broken: a root shell, keys for SSH, the journal.
 */
import type { Duplex } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { brokenFailure, usageFailure } from '../base/errors.js';
import { onLines } from '../base/lines.js';
import { withDeadline } from '../base/waiting.js';
import { isUserName } from '../lab/user-name.js';
import { maximumLineBytes } from './agent-message.js';

export interface TerminalSize {
	readonly rows: number;
	readonly columns: number;
}

/** How long the agent may take to answer, in milliseconds on a fast host. */
const answerMs = 5000;

/** How much of a journal is taken in, in bytes: its lines may be as long as they like. */
export const maximumJournalBytes = 64 * 2 ** 20;

/** A line that is waited for. */
interface AwaitedLine {
	readonly promise: Promise<RegExpExecArray>;
	forget(): void;
}

/** A terminal's type, as terminfo(5) names them. */
const terminalName = /^[A-Za-z0-9._+-]{1,40}$/;

/** A machine's control channel, over the stream of its port. */
export class ControlChannel {
	readonly #node: string;
	readonly #port: Duplex;
	readonly #listeners = new Set<(line: string) => void>();
	#shells = 0;

	/** @param onTooLong called once when the guest writes a line without an end */
	constructor(node: string, port: Duplex, onTooLong?: () => void) {
		this.#node = node;
		this.#port = port;
		const end = () => port.destroy();
		port.on('error', end);
		const onLine = (line: string) => {
			for (const listener of this.#listeners) listener(line.trim());
		};
		onLines(port, { maximumBytes: maximumLineBytes, onLine, ...(onTooLong ? { onTooLong } : {}) });
	}

	/**
	 * Lets a key in as `user`.
	 * @param publicKey as OpenSSH writes it
	 * @throws Failure `usage` for a user that the node does not have, `control-channel` when the guest does not answer
	 */
	async authorize(user: string, publicKey: string, slowdown: number, signal?: AbortSignal): Promise<void> {
		const unknown = () => usageFailure(`${this.#node} has no user '${user}'`, { node: this.#node });
		if (!isUserName(user)) throw unknown();
		const answer = this.#received(new RegExp(`^authorized user=${user.replaceAll('.', '\\.')} status=(\\d+)$`));
		this.#send(`authorize ${user} ${publicKey}`);
		const [, status] = await this.#inTime(answer, slowdown, signal);
		if (status !== '0') throw unknown();
	}

	/**
	 * Begins a shell on the guest's hvc0, in the place of another. Resolves when the shell reads: `ended` resolves at its
	 * end, and `leave` ends it, but no other shell that has taken its place.
	 * @throws Failure `control-channel` when the guest does not answer
	 */
	async beginShell(
		{ rows, columns }: TerminalSize,
		terminal: string,
		slowdown: number,
		signal?: AbortSignal,
	): Promise<{ readonly ended: Promise<unknown>; leave(): void }> {
		const id = ++this.#shells;
		const beginning = this.#received(new RegExp(`^shell-began id=${id}$`));
		const ending = this.#received(new RegExp(`^shell-ended id=${id}$`));
		this.#send(`shell ${id} ${rows} ${columns} ${terminalName.test(terminal) ? terminal : 'vt100'}`);
		const leave = () => {
			ending.forget();
			this.#send(`close ${id}`);
		};
		try {
			await this.#inTime(beginning, slowdown, signal);
		} catch (error) {
			// The guest may come to it later.
			leave();
			throw error;
		}
		return { ended: ending.promise, leave };
	}

	/**
	 * The end of the journal of the machine's boot.
	 * @throws Failure `control-channel` when the guest does not answer
	 */
	async readJournal(lines: number, slowdown: number, signal?: AbortSignal): Promise<string> {
		const answer = this.#received(/^journal text=([A-Za-z0-9+/]*={0,2})$/);
		this.#send(`journal ${lines}`);
		const [, text = ''] = await this.#inTime(answer, slowdown, signal);
		return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: maximumJournalBytes }).toString('utf8');
	}

	/** The terminal that the shell is shown on has another size now. */
	resize({ rows, columns }: TerminalSize): void {
		this.#send(`size ${rows} ${columns}`);
	}

	#send(line: string): void {
		if (!this.#port.destroyed) this.#port.write(`${line}\n`);
	}

	#inTime({ promise, forget }: AwaitedLine, slowdown: number, signal: AbortSignal | undefined): Promise<RegExpExecArray> {
		const late = () =>
			brokenFailure('control-channel', `${this.#node} does not answer on its control channel`, {
				node: this.#node,
				hint: 'it answers once it is provisioned; `rehearse status` shows how far it is',
			});
		return withDeadline(promise, answerMs * slowdown, late, signal).finally(forget);
	}

	/** The first line from now on that matches. */
	#received(pattern: RegExp): AwaitedLine {
		let listener = (_line: string) => {};
		const promise = new Promise<RegExpExecArray>((resolve) => {
			listener = (line) => {
				const match = pattern.exec(line);
				if (!match) return;
				this.#listeners.delete(listener);
				resolve(match);
			};
			this.#listeners.add(listener);
		});
		return { promise, forget: () => void this.#listeners.delete(listener) };
	}
}
