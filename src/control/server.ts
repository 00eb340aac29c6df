import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CleanupStack } from '../base/cleanup.js';
import { toFailure, toReported, usageFailure } from '../base/errors.js';
import { washed } from '../base/wash.js';
import { joinStreams } from '../base/streams.js';
import { LineReader } from './lines.js';
import { encodeLine, type AnswerLine } from './protocol.js';

/** A question under way. */
export interface Exchange {
	readonly request: unknown;
	/** Aborts when whoever asked is gone. */
	readonly signal: AbortSignal;
	/** Tells something before the answer. */
	send(event: unknown): void;
	/** Answers `ok`, and joins the connection with `stream`. Resolves when both are over. */
	join(stream: Duplex): Promise<void>;
}

/** Answers a question: with what it resolves to, or with the failure that it rejects with. */
export type Answer = (exchange: Exchange) => Promise<unknown>;

/**
 * Listens on a Unix socket, whose path must be free, until the clean-up runs; every connection is closed then. Questions
 * are answered side by side.
 */
export async function serveControl(path: string, answer: Answer, cleanup: CleanupStack): Promise<void> {
	const connections = new Set<Socket>();
	const server = createServer({ allowHalfOpen: true }, (socket) => {
		connections.add(socket);
		socket.once('close', () => connections.delete(socket));
		socket.on('error', () => socket.destroy());
		void converse(socket, answer);
	});
	cleanup.defer('control socket', async () => {
		const closed = new Promise((resolve) => server.close(resolve));
		for (const socket of connections) socket.destroy();
		await closed;
	});
	server.listen(path);
	await once(server, 'listening');
}

async function converse(socket: Socket, answer: Answer): Promise<void> {
	const gone = new AbortController();
	const send = (line: AnswerLine) => {
		if (socket.writable) socket.write(encodeLine(line));
	};
	let isJoined = false;
	try {
		const line = await new LineReader(socket).next();
		if (line === undefined) return void socket.destroy();
		// Nothing more is asked before the answer; the end of the other side is noticed by reading only.
		const leave = () => gone.abort(new Error('whoever asked is gone'));
		socket.once('end', leave).once('close', leave).resume();
		const value = await answer({
			request: parse(line),
			signal: gone.signal,
			// It is shown as it is; answers are read by programs.
			send: (event) => send({ event: washed(event) }),
			join: (stream) => {
				isJoined = true;
				socket.off('end', leave);
				send({ ok: null });
				return joinStreams(socket, stream);
			},
		});
		if (!isJoined) send({ ok: value ?? null });
	} catch (error) {
		// Within a stream there is no place for words.
		if (!isJoined) send({ error: washed(toReported(toFailure(error))) });
	}
	if (isJoined) return void socket.destroy();
	socket.end();
}

function parse(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		throw usageFailure('the control socket takes a line of JSON');
	}
}
