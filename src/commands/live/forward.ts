/** `rehearse forward`: forwards ports of this host's loopback to a lab's ports, until Ctrl-C. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { withCleanup } from '../../base/cleanup.js';
import { brokenFailure, ExitCode, usageFailure } from '../../base/errors.js';
import { joinStreams } from '../../base/streams.js';
import { poll } from '../../base/waiting.js';
import { requireNodes } from '../../lab/lab.js';
import type { LabStatus } from '../../protocol/requests.js';
import { layOutColumns, painter } from '../../report/text.js';
import { isKept, type LiveLab } from '../../runs/live-labs.js';
import { stopOnSignals, throwUnlessInterrupted } from '../stop.js';
import type { Terminal } from '../terminal.js';
import { askLab, askLabForStream, resolveLab, type LiveOptions } from './resolve-lab.js';

export interface ForwardOptions extends LiveOptions {
	/** `NODE:PORT` or `LOCAL:NODE:PORT`. An empty list means every port that a connection or an assertion names. */
	readonly ports: readonly string[];
	/** The address of this host to listen on. */
	readonly address: string;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stderr' | 'stdoutColor'>;
}

/** A port of a node, and the local port that leads to it; undefined for any free one. */
export interface Forwarding {
	readonly node: string;
	readonly port: number;
	readonly local: number | undefined;
}

/** Forwards until a signal comes or the lab ends. */
export async function forwardCommand(options: ForwardOptions): Promise<ExitCode> {
	const { terminal, json, address } = options;
	const lab = await resolveLab(options);
	const { ports } = (await askLab(lab, { op: 'status' })) as LabStatus;
	const wanted = options.ports.length > 0 ? options.ports.map((text) => parseForwarding(text, lab.nodes)) : ports.map((port) => ({ ...port, local: undefined }));
	if (wanted.length === 0) {
		throw usageFailure('no connection and no assertion of the plan names a port', { hint: 'name one: rehearse forward NODE:PORT' });
	}
	const stopping = stopOnSignals();
	try {
		await withCleanup(async (cleanup) => {
			const opened: (Forwarding & { readonly local: number })[] = [];
			for (const forwarding of wanted) {
				const connections = new Set<Socket>();
				let server: Server | undefined;
				cleanup.defer(`forwarding of ${forwarding.node}:${forwarding.port}`, () => {
					server?.close();
					for (const connection of connections) connection.destroy();
				});
				server = await listen(forwarding, address, (socket) => {
					connections.add(socket);
					socket.once('close', () => connections.delete(socket));
					void carry(socket, lab, forwarding);
				});
				opened.push({ ...forwarding, local: (server.address() as AddressInfo).port });
			}
			terminal.stdout.write(json ? `${JSON.stringify({ schema: 1, address, ports: opened })}\n` : table(opened, address, terminal.stdoutColor));
			// A signal may have come while the ports were being opened.
			const isOver = async () => stopping.signal.aborted || !isKept(lab);
			await poll(isOver, Boolean, { intervalMs: 200, deadlineMs: Infinity });
			throwUnlessInterrupted(stopping);
			if (!stopping.signal.aborted) terminal.stderr.write(`${lab.name} has ended\n`);
		});
	} finally {
		stopping.done();
	}
	return ExitCode.passed;
}

/** Parses `NODE:PORT` or `LOCAL:NODE:PORT`. @throws Failure `usage` for another form, or an unknown node */
export function parseForwarding(text: string, nodes: readonly string[]): Forwarding {
	const [, local, node = '', port] = /^(?:(\d+):)?([^:]+):(\d+)$/.exec(text) ?? [];
	const isPort = (number: string | undefined) => Number(number) >= 1 && Number(number) <= 65_535;
	if (!isPort(port) || (local !== undefined && !isPort(local))) {
		throw usageFailure(`'${text}' does not name a port of a node`, { hint: 'NODE:PORT, or LOCAL:NODE:PORT' });
	}
	requireNodes([node], nodes);
	return { node, port: Number(port), local: local === undefined ? undefined : Number(local) };
}

/** Listens on the wanted local port; without one, on the same number as the node's port, or else on any free port. */
async function listen({ port, local }: Forwarding, address: string, onConnection: (socket: Socket) => void): Promise<Server> {
	// An ordinary user cannot listen on ports below 1024.
	const candidates = local === undefined ? [...(port >= 1024 ? [port] : []), 0] : [local];
	let cause: unknown;
	for (const candidate of candidates) {
		// A long backlog, so that a hundred simultaneous connections are not lost.
		const server = createServer({ allowHalfOpen: true }, onConnection).listen({ port: candidate, host: address, backlog: 1024 });
		try {
			await once(server, 'listening');
			return server;
		} catch (error) {
			cause = error;
		}
	}
	throw brokenFailure('listen', `cannot listen on ${address}:${local ?? port}: ${(cause as Error).message}`, { cause });
}

async function carry(socket: Socket, lab: LiveLab, { node, port }: Forwarding): Promise<void> {
	socket.on('error', () => undefined);
	try {
		const stream = await askLabForStream(lab, { op: 'dial', node, port });
		await joinStreams(socket, stream);
	} catch {
		// Nobody listens in the node: reset the connection, as a client within the lab would see it.
		socket.resetAndDestroy();
	}
}

const table = (opened: readonly (Forwarding & { readonly local: number })[], address: string, color: boolean): string =>
	`${layOutColumns(
		opened.map(({ node, port, local }) => [{ text: `${address}:${local}` }, { text: '→', style: 'dim' }, { text: `${node}:${port}` }]),
		painter(color),
	).join('\n')}\nCtrl-C ends it.\n`;
