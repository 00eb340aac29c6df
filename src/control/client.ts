import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { brokenFailure, Failure, fromReported } from '../base/errors.js';
import { untilAborted, withDeadline } from '../base/waiting.js';
import { LineReader } from './lines.js';
import { encodeLine, type AnswerLine } from './protocol.js';

export interface AskOptions {
	readonly signal?: AbortSignal | undefined;
	/** Called with each event that arrives before the answer. */
	readonly onEvent?: (event: unknown) => void;
	/** How long the answer may take, in milliseconds. Without it there is no limit. */
	readonly deadlineMs?: number;
}

/**
 * Sends a request over a Unix socket, and resolves to the answer.
 * @throws Failure that the lab answered with; `control-gone` when nobody listens, or the connection ends before the answer;
 * `control-deadline` when the answer takes too long
 */
export async function ask(path: string, request: object, options: AskOptions = {}): Promise<unknown> {
	const { answer, socket } = await begin(path, request, options);
	socket.destroy();
	return answer;
}

/** Sends a request that is answered with a stream, and resolves to the stream. @throws Failure as `ask` does */
export async function askForStream(path: string, request: object, options: AskOptions = {}): Promise<Duplex> {
	return (await begin(path, request, options)).socket;
}

async function begin(path: string, request: object, options: AskOptions): Promise<{ answer: unknown; socket: Socket }> {
	const { signal, deadlineMs } = options;
	signal?.throwIfAborted();
	const socket = createConnection({ path, allowHalfOpen: true });
	const answer = answerOn(socket, request, options);
	try {
		const late = () => brokenFailure('control-deadline', `no answer from the lab in ${deadlineMs ?? 0} ms`);
		const timely = deadlineMs === undefined ? untilAborted(answer, signal) : withDeadline(answer, deadlineMs, late, signal);
		return { answer: await timely, socket };
	} catch (error) {
		answer.catch(() => undefined);
		socket.destroy();
		throw error;
	}
}

async function answerOn(socket: Socket, request: object, { onEvent }: AskOptions): Promise<unknown> {
	try {
		await once(socket, 'connect');
	} catch (cause) {
		throw goneFailure(cause);
	}
	// A later error of the connection shows as its end.
	socket.on('error', () => undefined);
	socket.write(encodeLine(request));
	const reader = new LineReader(socket);
	for (;;) {
		const line = await reader.next().catch((cause: unknown) => {
			throw cause instanceof Failure ? cause : goneFailure(cause);
		});
		if (line === undefined) throw goneFailure();
		const message = JSON.parse(line) as AnswerLine;
		if ('event' in message) onEvent?.(message.event);
		else if ('error' in message) throw fromReported(message.error);
		else return message.ok;
	}
}

const goneFailure = (cause?: unknown) => brokenFailure('control-gone', 'the lab is gone', { cause, hint: '`rehearse status` shows the labs that run' });
