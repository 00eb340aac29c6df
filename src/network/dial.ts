import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { patiently } from '../base/patience.js';
import { withDeadline } from '../base/waiting.js';

/** How long a connection within a lab may take, in milliseconds. */
const dialMs = 10_000;

/**
 * Connects to a port at the first of several addresses that answers, from the network namespace of this process.
 * Rejects with the error of the first of them.
 */
export async function dial(hosts: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
	let cause: unknown;
	for (const host of hosts) {
		const socket = createConnection({ host, port, allowHalfOpen: true });
		try {
			const late = () => new Error(`no connection in ${patiently(dialMs)} ms`);
			await withDeadline(once(socket, 'connect'), patiently(dialMs), late, signal);
			return socket;
		} catch (error) {
			socket.on('error', () => undefined).destroy();
			signal.throwIfAborted();
			cause ??= error;
		}
	}
	throw cause;
}
