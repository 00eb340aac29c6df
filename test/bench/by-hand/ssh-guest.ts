/** How a person without the tool runs commands in a machine: SSH as the declared user, and sudo with its password. */
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { quote } from '../../../src/base/shell.js';
import { withDeadline } from '../../../src/base/waiting.js';
import type { CommandResult, GuestCommands, Limits } from '../../../src/machine/command-channel.js';
import { socketsWithOwners } from '../../../src/machine/live/sockets.js';
import type { ByHandMachine } from './lab-by-hand.js';

/** Logs in. Rejects when nobody gets in in this time. */
export async function connectByHand({ address, username, password }: ByHandMachine, timeoutMs: number): Promise<GuestCommands> {
	const client = new ssh2.Client();
	const ready = new Promise<void>((resolve, reject) => {
		client.once('ready', resolve);
		client.on('error', reject);
		client.once('close', () => reject(new Error('the guest closed the connection')));
	});
	client.connect({ host: address, username, password, readyTimeout: 0 });
	try {
		await withDeadline(ready, timeoutMs, () => new Error('no login in time'));
	} catch (error) {
		client.destroy();
		throw error;
	}
	return {
		run: (command, limits) => run(client, command, password, limits),
		listSockets: (protocol, port, limits) => run(client, socketsWithOwners(protocol, port), password, limits),
		listRestarts: () => Promise.resolve(new Map()),
		connect: (host, port) => connect(client, host, port),
	};
}

async function run(client: Client, command: string, password: string, { timeoutMs }: Limits): Promise<CommandResult> {
	const start = performance.now();
	const channel = await new Promise<ClientChannel>((resolve, reject) =>
		client.exec(`sudo -k -S -p '' -- bash -c ${quote(command)}`, (error, opened) => (error ? reject(error) : resolve(opened))),
	);
	const message = { stdout: '', stderr: '' };
	channel.on('data', (chunk: Buffer) => void (message.stdout += chunk.toString('utf8')));
	channel.stderr.on('data', (chunk: Buffer) => void (message.stderr += chunk.toString('utf8')));
	const ended = new Promise<number | undefined>((resolve) => {
		let status: number | undefined;
		channel.on('exit', (code: number | null) => (status = code ?? undefined));
		channel.once('close', () => resolve(status));
	});
	channel.end(`${password}\n`);
	const exitCode = await withDeadline(ended, timeoutMs, () => new Error(`no end of ${command}`));
	return { ...message, exitCode, ms: performance.now() - start, timedOut: false };
}

const connect = (client: Client, host: string, port: number): Promise<Duplex> =>
	new Promise((resolve, reject) => client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => (error ? reject(error) : resolve(channel))));
