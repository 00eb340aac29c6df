import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { brokenFailure } from '../base/errors.js';
import { poll } from '../base/waiting.js';

/** Connects to a Unix socket that another process is about to make. @throws Failure `socket-missing` */
export async function connectUnix(path: string, deadlineMs: number, signal?: AbortSignal): Promise<Socket> {
	const outcome = await poll(() => tryConnect(path), (socket) => socket !== undefined, {
		intervalMs: 20,
		deadlineMs,
		signal,
	});
	if (!outcome.last) throw brokenFailure('socket-missing', `nobody listens on ${path} after ${deadlineMs} ms`);
	return outcome.last;
}

async function tryConnect(path: string): Promise<Socket | undefined> {
	const socket = createConnection(path);
	try {
		await once(socket, 'connect');
		return socket;
	} catch {
		socket.destroy();
		return undefined;
	}
}
