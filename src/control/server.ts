import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CleanupStack } from '../base/cleanup.js';
import { toFailure, toReported, usageFailure } from '../base/errors.js';
import { washed } from '../base/wash.js';
import { joinStreams } from '../base/streams.js';
import { LineReader } from './lines.js';
import { encodeLine, type AnswerLine } from './protocol.js';

/** A request that is being answered. */
export interface Exchange {
	readonly request: unknown;
	/** Aborts when the client has disconnected. */
	readonly signal: AbortSignal;
	/** Sends an event, before the answer. */
	send(event: unknown): void;
	/** Answers `ok`, and connects the client with `stream`. Resolves when both have closed. */
	join(stream: Duplex): Promise<void>;
}

/** Handles a request. The answer is what it resolves to, or the failure that it rejects with. */
export type Answer = (exchange: Exchange) => Promise<unknown>;

/**
 * Listens on a Unix socket until the clean-up runs, which closes every connection. It handles requests concurrently.
 * @param path must not exist yet
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
		// The client sends nothing more before the answer. Only reading notices that it has closed its end.
		const leave = () => gone.abort(new Error('the client has disconnected'));
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
		// A stream carries raw bytes: it has no line for an error.
		if (!isJoined) send({ error: washed(toReported(toFailure(error))) });
	}
	if (isJoined) return void socket.destroy();
	socket.end();
}

function parse(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		throw usageFailure('the control socket expects a line of JSON');
	}
}
