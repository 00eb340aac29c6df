import { EventEmitter, once } from 'node:events';
import type { Duplex } from 'node:stream';
import { brokenFailure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { onLines } from '../base/lines.js';
import { patiently } from '../base/patience.js';
import { withDeadline } from '../base/waiting.js';

/** An event as QEMU sends it (QEMU's "QMP Reference Manual"). */
export interface QmpEvent {
	readonly event: string;
	readonly data?: Readonly<Record<string, unknown>>;
}

/** How long an answer may take, in milliseconds: a busy QEMU takes seconds; one whose files are on dead storage is silent for ever. */
const answerDeadlineMs = 120_000;

/** The code of the failure of a QEMU that has not answered. */
export const qmpSilent = 'qmp-silent';

interface Pending {
	resolve(value: unknown): void;
	reject(error: Error): void;
}

/**
 * QEMU's monitor over any stream. Create it with `Qmp.connect`, which ends in command mode.
 * Emits `event` for each event, and `close` once when the stream ends.
 */
export class Qmp extends EventEmitter<{ event: [QmpEvent]; close: [] }> {
	readonly #stream: Duplex;
	readonly #pending = new Map<number, Pending>();
	#lastId = 0;
	#closed = false;

	private constructor(stream: Duplex) {
		super();
		this.#stream = stream;
		const end = () => stream.destroy();
		onLines(stream, { onLine: (line) => this.#take(line) });
		// A QEMU that dies resets the connection.
		stream.on('error', end);
		stream.once('close', () => this.#end());
	}

	/** Leaves capabilities negotiation; resolves when QEMU has answered. Its greeting needs no waiting for. */
	static async connect(stream: Duplex, signal?: AbortSignal): Promise<Qmp> {
		const qmp = new Qmp(stream);
		await qmp.execute('qmp_capabilities', {}, signal);
		return qmp;
	}

	/**
	 * Executes a command.
	 * @throws Failure `qmp-error` with QEMU's message, `qmp-closed` when QEMU is gone, `qmp-silent` when it does not
	 * answer
	 */
	async execute(command: string, args: object = {}, signal?: AbortSignal, deadlineMs = patiently(answerDeadlineMs)): Promise<unknown> {
		if (this.#closed) throw closedFailure();
		const id = ++this.#lastId;
		const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
		this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
		return withDeadline(answer, deadlineMs, () => silentFailure(command, deadlineMs), signal);
	}

	close(): void {
		this.#stream.destroy();
	}

	/** Resolves when the stream has ended. */
	async closed(): Promise<void> {
		if (!this.#closed) await once(this, 'close');
	}

	#take(line: string): void {
		const message = parseMessage(line);
		if (!message) return;
		if (typeof message['event'] === 'string') {
			this.emit('event', message as unknown as QmpEvent);
			return;
		}
		const pending = this.#pending.get(message['id'] as number);
		if (!pending) return;
		this.#pending.delete(message['id'] as number);
		const error = message['error'] as { desc?: string } | undefined;
		if (error) pending.reject(brokenFailure('qmp-error', `QEMU refused: ${error.desc ?? 'no reason given'}`));
		else pending.resolve(message['return']);
	}

	#end(): void {
		this.#closed = true;
		for (const pending of this.#pending.values()) pending.reject(closedFailure());
		this.#pending.clear();
		this.emit('close');
	}
}

const silentFailure = (command: string, deadlineMs: number) =>
	brokenFailure(qmpSilent, `QEMU has not answered ${command} in ${formatMs(deadlineMs)}`, {
		hint: 'look whether the storage of this host answers: QEMU waits for it',
	});

const closedFailure = () => brokenFailure('qmp-closed', 'QEMU is gone');

/** A message, or undefined for a line that is none: QEMU can die in the middle of one. */
function parseMessage(line: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(line);
		return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}
