/** QEMU's guest agent, of a recipe that has the package `qemu-guest-agent` (QEMU's docs/interop/qemu-ga-ref). */
import type { Socket } from 'node:net';
import { brokenFailure } from '../../base/errors.js';
import { onLines } from '../../base/lines.js';
import { Semaphore } from '../../base/semaphore.js';
import { systemClock, withDeadline } from '../../base/waiting.js';
import type { CommandResult, Limits } from '../command-channel.js';
import type { Wait } from '../guest.js';

/** The longest answer that is read, in bytes: the agent keeps 16 MiB of each stream, in base64. */
const maximumLineBytes = 48 * 2 ** 20;

/**
 * How long one request waits for its answer before it is sent again, in milliseconds: nobody reads it before the agent
 * runs.
 */
const askAgainMs = 2000;

/** Between two questions whether a command has ended, in milliseconds: at first, and at most. */
const intervalMs = { first: 50, most: 500 };

/** A command has no environment of its own. */
const environment = ['HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'];

interface Answer {
	readonly return?: unknown;
	readonly error?: { readonly desc?: unknown };
}

interface ExecStatus {
	readonly exited?: boolean;
	readonly exitcode?: unknown;
	readonly signal?: number;
	readonly 'out-data'?: unknown;
	readonly 'err-data'?: unknown;
}

/** A guest's agent, over the stream of its port. */
export class GuestAgent {
	readonly #node: string;
	readonly #port: Socket;
	readonly #semaphore = new Semaphore(1);
	#onAnswer: (answer: Answer) => void = () => undefined;
	#count = 0;
	/** Whether a request was given up whose answer may still come. */
	#isOwed = false;

	/** @param onTooLong called once when the guest writes a line without an end, with the longest that is read, in bytes */
	constructor(node: string, port: Socket, onTooLong: (maximumBytes: number) => void) {
		this.#node = node;
		this.#port = port;
		port.on('error', () => port.destroy());
		onLines(port, { maximumBytes: maximumLineBytes, onLine: (line) => this.#take(line), onTooLong: () => onTooLong(maximumLineBytes) });
	}

	/** Resolves when it answers. Rejects with `late` when it does not. */
	async untilThere({ deadlineMs, signal }: Wait, late: (what: string, deadlineMs: number) => Error): Promise<void> {
		const ends = performance.now() + deadlineMs;
		for (;;) {
			const isThere = await this.#semaphore.take(() => this.#synchronize({ deadlineMs: askAgainMs, signal })).then(() => true, () => false);
			if (isThere) return;
			signal?.throwIfAborted();
			if (performance.now() > ends) throw late("an answer of QEMU's guest agent was", deadlineMs);
		}
	}

	/** Runs a command in bash as root, without input. @throws Failure `command-channel` where the agent does not answer */
	async run(command: string, { timeoutMs, signal }: Limits): Promise<CommandResult> {
		const began = performance.now();
		const wait = { deadlineMs: timeoutMs + 20_000, signal };
		const arg = ['-k', '1', String(Math.ceil(timeoutMs / 1000) + 1), 'bash', '-c', `cd; ${command}`];
		const started = await this.#ask('guest-exec', { path: '/usr/bin/timeout', arg, env: environment, 'capture-output': true }, wait);
		const pid = (started.return as { readonly pid?: number } | undefined)?.pid;
		if (pid === undefined) throw this.#silent(String(started.error?.desc ?? 'it started nothing'));
		for (let pause = intervalMs.first; ; pause = Math.min(2 * pause, intervalMs.most)) {
			const status = ((await this.#ask('guest-exec-status', { pid }, wait)).return ?? {}) as ExecStatus;
			const timedOut = status.exited !== true && performance.now() - began >= timeoutMs;
			if (status.exited === true || timedOut) {
				return {
					stdout: decoded(status['out-data']),
					stderr: decoded(status['err-data']),
					exitCode: timedOut || typeof status.exitcode !== 'number' ? undefined : status.exitcode,
					...(status.signal === undefined ? {} : { signal: String(status.signal) }),
					ms: performance.now() - began,
					timedOut,
				};
			}
			await systemClock.sleep(pause, signal);
		}
	}

	#take(line: string): void {
		try {
			const answer = JSON.parse(line) as unknown;
			if (answer !== null && typeof answer === 'object') this.#onAnswer(answer);
		} catch {
			// It begins with what it had not sent to somebody before.
		}
	}

	/** One request at a time: an answer has nothing that says which request it is to. */
	#ask(execute: string, args: object, wait: Wait): Promise<Answer> {
		return this.#semaphore.take(async () => {
			if (this.#isOwed) await this.#synchronize(wait);
			return this.#exchange(execute, args, wait);
		});
	}

	/** Waits for the answer to a request of its own number: those that nobody read, or waited for, are all answered before. */
	async #synchronize(wait: Wait): Promise<void> {
		const id = ++this.#count;
		await this.#exchange('guest-sync', { id }, wait, (answer) => answer.return === id);
		this.#isOwed = false;
	}

	/** @param isIts whether an answer is that to the request */
	async #exchange(execute: string, args: object, { deadlineMs, signal }: Wait, isIts: (answer: Answer) => boolean = () => true): Promise<Answer> {
		const answered = new Promise<Answer>((resolve) => (this.#onAnswer = (answer) => void (isIts(answer) && resolve(answer))));
		this.#port.write(`${JSON.stringify({ execute, arguments: args })}\n`);
		try {
			return await withDeadline(answered, deadlineMs, () => this.#silent('it sent no answer'), signal);
		} catch (error) {
			this.#isOwed = true;
			throw error;
		} finally {
			this.#onAnswer = () => undefined;
		}
	}

	#silent(why: string) {
		return brokenFailure('command-channel', `${this.#node}: QEMU's guest agent does not answer: ${why}`, { node: this.#node });
	}
}

/** A guest may send anything in the place of a text. */
const decoded = (text: unknown): string => Buffer.from(typeof text === 'string' ? text : '', 'base64').toString('utf8');
