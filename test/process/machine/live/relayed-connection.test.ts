/** A connection by commands, in a guest that is this host: what it leaves behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { poll } from '../../../../src/base/waiting.js';
import { relayConnection } from '../../../../src/machine/live/relayed-connection.js';
import type { GuestCommands } from '../../../../src/machine/command-channel.js';
import { run } from '../../../../src/process/run.js';

const limits = { timeoutMs: 20_000 };

/** Runs a command as the ways into a guest do: with time to end, and bash for a program. */
const runIn: GuestCommands['run'] = async (command, { timeoutMs }) => {
	const ended = await run(['timeout', '-k', '1', String(timeoutMs / 1000), 'bash', '-c', command], { allowFailure: true });
	return { ...ended, timedOut: ended.exitCode === 124 };
};

/** Directories of relays. */
const relays = async () => (await readdir('/run')).filter((name) => name.startsWith('relay.')).map((name) => `/run/${name}`);

/** Asserts that of the relays that were not there before, no directory and no process is left. */
async function leavesNothing(t: ExecutionContext, before: readonly string[], own: readonly string[]): Promise<void> {
	const left = async () => [...(await relays()).filter((directory) => !before.includes(directory)), ...(await Promise.all(own.map(openIn))).flat()];
	const { last } = await poll(left, (found) => found.length === 0, { intervalMs: 200, deadlineMs: 10_000 });
	t.deepEqual(last, []);
}

/** Files of a directory that some process of this host has open. */
async function openIn(directory: string): Promise<readonly string[]> {
	const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const links = processes.map(async (pid) => {
		const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
		return Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')));
	});
	return (await Promise.all(links)).flat().filter((file) => file.startsWith(directory));
}

for (const [how, destroyed] of [['ends', false], ['is closed before its end', true]] as const) {
	test.serial(`a connection that ${how} leaves neither a file nor a process in the guest`, async (t) => {
		const server = createServer((socket) => {
			socket.on('error', () => undefined);
			socket.once('data', () => (destroyed ? socket.write('more to come') : socket.end('all')));
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		t.teardown(() => server.close());
		const { port } = server.address() as { readonly port: number };
		const before = await relays();
		const connection = await relayConnection(runIn, '127.0.0.1', port, limits);
		const own = (await relays()).filter((directory) => !before.includes(directory));
		t.is(own.length, 1);
		connection.write('hello');
		await once(connection, 'data');
		if (!destroyed) await once(connection.resume(), 'end');
		connection.destroy();
		await leavesNothing(t, before, own);
	});
}

/** Listens and takes nobody in: whoever comes after the first is kept waiting. */
const deaf = `use Socket; socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 0);
my $name = getsockname(S); socket(C, PF_INET, SOCK_STREAM, 0); connect(C, $name); $| = 1; print +(sockaddr_in($name))[0], "\\n"; sleep 60`;

test.serial('neither does one that does not come about in time', async (t) => {
	const child = spawn('perl', ['-e', deaf], { stdio: ['ignore', 'pipe', 'inherit'] });
	t.teardown(() => void child.kill('SIGKILL'));
	const [port] = (await once(child.stdout, 'data')) as [Buffer];
	const before = await relays();
	const opening = relayConnection(runIn, '127.0.0.1', Number(String(port)), { timeoutMs: 1000 });
	await t.throwsAsync(opening, { name: 'GuestConnectionError', message: /timed out/ });
	await leavesNothing(t, before, []);
});
