/** Commands over SSH in a guest that is this host, whose sudo is a fake: it asks for the password, or it does not. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { SshCommands } from '../../../../src/machine/live/ssh-commands.js';
import type { RemoteCommand, SshSession } from '../../../../src/ssh/login.js';

const limits = { timeoutMs: 20_000 };

/** What sudo(8) does with -S: it reads a line, byte by byte, where it wants a password. */
const asks = 'IFS= read -r word; [ "$word" = secret ] || exit 1';
const sudos = { 'asks for the password': asks, 'asks nothing (NOPASSWD)': ':' };

/** A child as a channel of SSH: it ends with the child's output, whatever of its input the child has not read. */
function asChannel(child: ChildProcessWithoutNullStreams): Duplex {
	child.stdin.on('error', () => undefined);
	const channel = new Duplex({
		read: () => void child.stdout.resume(),
		write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
		final: (done) => void child.stdin.end(() => done()),
	});
	child.stdout.on('data', (chunk: Buffer) => channel.push(chunk) || child.stdout.pause());
	child.stdout.once('end', () => channel.push(null));
	child.once('exit', () => channel.emit('exit'));
	return channel;
}

async function makeCommands(t: ExecutionContext, sudo: string): Promise<SshCommands> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'sudo-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	await writeFile(path.join(directory, 'sudo'), `#!/bin/sh\n${sudo}\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n`, { mode: 0o755 });
	const exec = async (command: string): Promise<RemoteCommand> => {
		const child = spawn('sh', ['-c', command], { env: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` } });
		t.teardown(() => void child.kill('SIGKILL'));
		const stream = asChannel(child);
		return { stream, stderr: child.stderr, ended: once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number })) };
	};
	return new SshCommands({ exec } as unknown as SshSession, { username: 'ops', password: 'secret' });
}

for (const [what, sudo] of Object.entries(sudos)) {
	test(`a command has no input where sudo ${what}`, async (t) => {
		const commands = await makeCommands(t, sudo);
		t.like(await commands.run('echo "in: $(cat)"; exit 3', limits), { stdout: 'in: \n', exitCode: 3, timedOut: false });
	});

	test(`a connection carries what was written to it, and nothing else, where sudo ${what}`, async (t) => {
		const server = createServer((socket) => void socket.once('data', (data) => socket.end(`you sent ${data.toString()}`)));
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		t.teardown(() => server.close());
		const { port } = server.address() as { readonly port: number };
		const connection = await (await makeCommands(t, sudo)).connect('127.0.0.1', port, limits);
		connection.write('GET / HTTP/1.0\r\n\r\n');
		let answer = '';
		for await (const chunk of connection) answer += String(chunk);
		t.is(answer, 'you sent GET / HTTP/1.0\r\n\r\n');
	});
}

test('a password that sudo does not take runs nothing', async (t) => {
	const commands = await makeCommands(t, asks.replace('secret', 'another'));
	t.like(await commands.run('echo in', limits), { stdout: '', exitCode: 1 });
});
