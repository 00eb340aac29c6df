/** What the host has a guest run, over the real program of the guest's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import dgram from 'node:dgram';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { quote } from '../../../src/base/shell.js';
import { poll } from '../../../src/base/waiting.js';
import type { CommandChannel } from '../../../src/machine/command-channel.js';
import { GuestConnectionError } from '../../../src/machine/connection-error.js';
import { socketsWithOwners } from '../../../src/machine/live/sockets.js';
import { oldestOwner } from '../../../src/scenario/holding.js';
import { parseListeners } from '../../../src/scenario/ports.js';
import { startCommands } from './commands.js';
import { fakeSystemd } from './fake-systemd.js';

const soon = { timeoutMs: 20_000 };

const inGuest = (body: (t: ExecutionContext, channel: CommandChannel) => Promise<void>) => async (t: ExecutionContext) => {
	using guest = startCommands();
	await body(t, guest.channel);
};

test('a command gives stdout, stderr and exit status, and has no input', inGuest(async (t, channel) => {
	t.like(await channel.run('cat; echo out; echo err >&2; exit 3', soon), { stdout: 'out\n', stderr: 'err\n', exitCode: 3, timedOut: false });
}));

test('a command that a signal ends gives its name', inGuest(async (t, channel) => {
	t.like(await channel.run('kill -TERM $$', soon), { exitCode: undefined, signal: 'TERM', timedOut: false });
}));

test('it has what a login of root has, and nothing of the agent\'s', inGuest(async (t, channel) => {
	const { stdout } = await channel.run('pwd; echo "$HOME $USER $LOGNAME $SHELL $PATH"; echo "[$AVA_PATH$NODE_ENV]"', soon);
	const [place, login, rest] = stdout.split('\n');
	t.regex(place ?? '', /^\/(?:root)?$/);
	t.is(login, '/root root root /bin/bash /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
	t.is(rest, '[]');
}));

const roundTrip = test.macro(async (t, text: string) => {
	using guest = startCommands();
	t.is((await guest.channel.run(`printf %s ${quote(text)}`, soon)).stdout, text);
});
test('quoting: all that is special to a shell', roundTrip, ` $HOME \`id\` "a" 'b' \\ ! * ~ # ; & | < > ( ) { } [ ] \t\n é € 🐘 `);
test('quoting: quotes alone', roundTrip, `'''`);
test('quoting: 60,000 characters', roundTrip, 'añ'.repeat(30_000));

test('output without end is cut short in memory, not in time, and holds up nobody', inGuest(async (t, channel) => {
	const long = channel.run('head -c 40000000 /dev/zero; echo end >&2', soon);
	t.is((await channel.run('echo quick', soon)).stdout, 'quick\n');
	const { stdout, stderr, exitCode } = await long;
	t.deepEqual([stdout.length, stderr, exitCode], [8 * 1024 * 1024, 'end\n', 0]);
}));

test('a command that is not over in time gives what it wrote until then, and is ended with all that it started', inGuest(async (t, channel) => {
	// Its program may take longer than that to start, on a busy host.
	await channel.run('true', soon);
	const result = await channel.run('sleep 61 & echo $!; sleep 62', { timeoutMs: 1500 });
	t.like(result, { exitCode: undefined, timedOut: true });
	const isGone = async () => !existsSync(`/proc/${result.stdout.trim()}`);
	t.true((await poll(isGone, Boolean, { intervalMs: 20, deadlineMs: 10_000 })).accepted);
	t.is((await channel.run('echo on', soon)).stdout, 'on\n');
}));

test('an abort ends a command with its reason', inGuest(async (t, channel) => {
	const reason = new Error('enough');
	const abort = new AbortController();
	setTimeout(() => abort.abort(reason), 200);
	t.is(await t.throwsAsync(channel.run('sleep 60', { ...soon, signal: abort.signal })), reason);
}));

test('whoever is left behind in the background is not waited for', inGuest(async (t, channel) => {
	const { stdout, ms } = await channel.run('sleep 30 & echo started', soon);
	t.is(stdout, 'started\n');
	t.true(ms < 10_000);
}));

test('many commands at once', inGuest(async (t, channel) => {
	const results = await Promise.all(Array.from({ length: 20 }, (_, index) => channel.run(`sleep 0.${index % 3}; echo ${index}`, soon)));
	t.deepEqual(results.map(({ stdout }) => stdout), Array.from({ length: 20 }, (_, index) => `${index}\n`));
}));

test('a guest that is gone is reported, and one that sends nothing', async (t) => {
	using guest = startCommands();
	const pending = guest.channel.run('sleep 60', soon);
	process.kill(guest.pid, 'SIGKILL');
	t.is((await t.throwsAsync(pending, { instanceOf: Failure }))?.code, 'command-channel');
	using frozen = startCommands();
	await frozen.channel.run('true', soon);
	process.kill(frozen.pid, 'SIGSTOP');
	const error = await t.throwsAsync(frozen.channel.run('true', { timeoutMs: 300 }), { instanceOf: Failure });
	t.regex(error?.message ?? '', /^guest does not answer on its command channel: it sent nothing/);
});

test('a connection starts in the guest, and ends with either side', inGuest(async (t, channel) => {
	const server = net.createServer({ allowHalfOpen: true }, (socket) => socket.on('data', (data) => socket.end(data.toString().toUpperCase())));
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as net.AddressInfo;
	const connection = await channel.connect('localhost', port, soon);
	connection.write('hello');
	let output = '';
	for await (const chunk of connection) output += String(chunk);
	t.is(output, 'HELLO');
	(await channel.connect('127.0.0.1', port, soon)).destroy();
	server.close();
}));

test('a connection that does not come about has the reason', inGuest(async (t, channel) => {
	await t.throwsAsync(channel.connect('127.0.0.1', 1, soon), { instanceOf: GuestConnectionError, message: 'connection to 127.0.0.1:1 refused' });
	await t.throwsAsync(channel.connect('::ffff:127.0.0.1', 1, soon), { message: /refused$/ });
	await t.throwsAsync(channel.connect('no such name', 1, soon), { message: /the name is unknown in the guest$/ });
}));

test('what systemd has restarted is asked of it, and no program is started', async (t) => {
	const directory = mkdtempSync(path.join(tmpdir(), 'commands-'));
	t.teardown(() => rmSync(directory, { recursive: true }));
	const unit = (name: string) => [name, '', 'loaded', 'active', 'running', '', `/org/freedesktop/systemd1/unit/${name}`, 0, '', '/'];
	const systemd = await fakeSystemd(path.join(directory, 'private'), ({ path: object, member }) => {
		if (member === 'ListUnitsByPatterns') return { signature: 'a(ssssssouso)', body: [[unit('steady.service'), unit('flaps.service')]] };
		return { signature: 'v', body: [['u', object.endsWith('/flaps_2eservice') ? 7 : 0]] };
	});
	t.teardown(() => systemd.close());
	using guest = startCommands(path.join(directory, 'private'));
	t.deepEqual([...(await guest.channel.listRestarts(soon))], [['flaps.service', 7]]);
	using deaf = startCommands();
	t.deepEqual([...(await deaf.channel.listRestarts(soon))], []);
});

test('of a service that still runs as it did at the beginning systemd is not asked again', async (t) => {
	const directory = mkdtempSync(path.join(tmpdir(), 'commands-'));
	t.teardown(() => rmSync(directory, { recursive: true }));
	const invocations = path.join(directory, 'units');
	mkdirSync(invocations);
	const invoke = (name: string, id: string) => {
		rmSync(path.join(invocations, `invocation:${name}`), { force: true });
		symlinkSync(id, path.join(invocations, `invocation:${name}`));
	};
	// Which states there are, and how often each service was restarted.
	const services = new Map([['steady.service', { state: 'active', restarts: 0 }], ['early.service', { state: 'active', restarts: 2 }], ['flaps.service', { state: 'active', restarts: 0 }], ['direct.service', { state: 'active', restarts: 0 }]]);
	for (const name of services.keys()) invoke(name, `${name}-1`);
	let asked: string[] = [];
	const systemd = await fakeSystemd(path.join(directory, 'private'), ({ path: object, member, body }) => {
		const states = body[0] as readonly string[];
		const listed = [...services].filter(([, { state }]) => states.includes(state)).map(([name, { state }]) => [name, '', 'loaded', state, state, '', '/', 0, '', '/']);
		if (member === 'ListUnitsByPatterns') return { signature: 'a(ssssssouso)', body: [listed] };
		const [name = '', { restarts } = { restarts: 0 }] = [...services].find(([one]) => object.endsWith(`/${one.replace('.', '_2e')}`)) ?? [];
		if (body[1] === 'RestartMode') return name === 'direct.service' ? { signature: 'v', body: [['s', 'direct']] } : { error: 'Unknown property' };
		asked.push(name);
		return { signature: 'v', body: [['u', restarts]] };
	});
	t.teardown(() => systemd.close());
	using guest = startCommands(path.join(directory, 'private'), invocations);
	t.deepEqual(Object.fromEntries(await guest.channel.listRestarts(soon)), { 'early.service': 2 });
	t.deepEqual(asked.toSorted(), ['direct.service', 'early.service', 'flaps.service', 'steady.service']);
	// One is restarted and runs, one is new, one has given up, and one waits to be started again.
	asked = [];
	invoke('flaps.service', 'flaps.service-2');
	services.set('flaps.service', { state: 'active', restarts: 1 });
	// Its link is as it was: it restarts without having been inactive in between.
	services.set('direct.service', { state: 'active', restarts: 4 });
	services.set('new.service', { state: 'active', restarts: 0 });
	invoke('new.service', 'new.service-1');
	services.set('gone.service', { state: 'failed', restarts: 5 });
	services.set('waits.service', { state: 'activating', restarts: 3 });
	t.deepEqual(Object.fromEntries(await guest.channel.listRestarts(soon)), { 'direct.service': 4, 'early.service': 2, 'flaps.service': 1, 'gone.service': 5, 'waits.service': 3 });
	t.deepEqual(asked.toSorted(), ['direct.service', 'flaps.service', 'gone.service', 'new.service', 'waits.service']);
	// Somebody starts one anew: systemd counts from nothing.
	invoke('early.service', 'early.service-2');
	services.set('early.service', { state: 'active', restarts: 0 });
	t.false((await guest.channel.listRestarts(soon)).has('early.service'));
});

/** Opens a socket while `body` runs, and gives it the port. */
async function withTcp(host: string, ipv6Only: boolean, body: (port: number) => Promise<void>): Promise<void> {
	const server = net.createServer();
	await once(server.listen({ port: 0, host, ipv6Only }), 'listening');
	await body((server.address() as net.AddressInfo).port).finally(() => server.close());
}

const listed = test.macro(async (t, host: string, ipv6Only: boolean, expected: string) => {
	using guest = startCommands();
	await withTcp(host, ipv6Only, async (port) => {
		// By the agent, and by a shell where a guest has none.
		for (const { stdout } of [await guest.channel.listSockets('tcp', port, soon), await guest.channel.run(socketsWithOwners('tcp', port), soon)]) {
			const [sockets = '', owners = ''] = stdout.split('\n\n');
			t.deepEqual(parseListeners(sockets).filter((one) => one.port === port).map(({ address }) => address), [expected]);
			// This process has it, and has run for a while.
			const age = oldestOwner(owners, (local) => local.endsWith(`:${port}`))?.ageMs ?? Number.NaN;
			t.true(Math.abs(age - process.uptime() * 1000) < 5000, owners);
		}
	});
});
test('a socket of all addresses, of both families', listed, '::', false, '*');
test('a socket of all addresses of IPv6', listed, '::', true, '::');
test('a socket of all addresses of IPv4', listed, '0.0.0.0', false, '0.0.0.0');
test('a socket of one address of IPv6', listed, '::1', false, '::1');
test('a socket of one address of IPv4', listed, '127.0.0.1', false, '127.0.0.1');
test('a socket of IPv6 with an address of IPv4', listed, '::ffff:127.0.0.1', false, '127.0.0.1');

test('a socket of UDP, and a port of nobody', inGuest(async (t, channel) => {
	const socket = dgram.createSocket('udp4').unref();
	socket.bind(0, '127.0.0.1');
	await once(socket, 'listening');
	const { port } = socket.address();
	const { stdout } = await channel.listSockets('udp', port, soon);
	t.true(parseListeners(stdout).some((one) => one.port === port && one.address === '127.0.0.1'), stdout);
	t.is(typeof oldestOwner(stdout.split('\n\n')[1] ?? '')?.ageMs, 'number');
	const { stdout: none, exitCode } = await channel.listSockets('tcp', port, soon);
	t.false(parseListeners(none).some((one) => one.port === port && one.address === '127.0.0.1'), none);
	t.deepEqual([exitCode, none.split('\n\n')[1]], [0, '']);
	socket.close();
}));

test('a socket whose process ends while it is looked for is no socket without an owner', inGuest(async (t, channel) => {
	// It listens for a tenth of a second each time.
	const flapping = `import net from 'node:net'; net.createServer().listen(Number(process.argv[1]), '127.0.0.1'); setTimeout(() => process.exit(), 100);`;
	const server = net.createServer();
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as net.AddressInfo;
	server.close();
	let isOver = false;
	const flap = (async () => {
		while (!isOver) await once(spawn(process.execPath, ['--input-type=module', '-e', flapping, String(port)]), 'close');
	})();
	let seen = 0;
	try {
		for (let look = 0; look < 300; look++) {
			const [sockets = '', owners = ''] = (await channel.listSockets('tcp', port, soon)).stdout.split('\n\n');
			if (!parseListeners(sockets).some((one) => one.port === port)) continue;
			seen += 1;
			t.not(oldestOwner(owners), undefined);
		}
	} finally {
		isOver = true;
		await flap;
	}
	t.true(seen > 0, 'it was never seen');
}));

test('what a host takes late of a command that has ended is whole', async (t) => {
	// Its port is read only when there are pauses of four seconds behind.
	const child = spawn('perl', ['-I', path.resolve('cloud-init/guest'), '-MCommands', '-e', 'Commands::serve(*STDIN, *STDOUT, "/nonexistent")'], { stdio: ['pipe', 'pipe', 'inherit'] });
	t.teardown(() => void child.kill('SIGKILL'));
	child.stdin.write(`run 1 ${Buffer.from(`head -c 300000 /dev/zero | tr '\\0' x`).toString('base64')}\n`);
	let received = '';
	await new Promise((resolve) => setTimeout(resolve, 4000));
	child.stdout.on('data', (chunk: Buffer) => (received += chunk.toString()));
	t.true((await poll(async () => received.includes('ended id=1'), Boolean, { intervalMs: 20, deadlineMs: 20_000 })).accepted);
	const data = [...received.matchAll(/^out id=1 data=(\S+)$/gm)].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
	t.is(Buffer.concat(data).length, 300_000);
});

test('hundreds of sockets come in several messages of the kernel', inGuest(async (t, channel) => {
	const servers = await Promise.all(Array.from({ length: 400 }, async () => {
		const server = net.createServer();
		await once(server.listen(0, '127.0.0.1'), 'listening');
		return server;
	}));
	const wanted = servers.map((server) => (server.address() as net.AddressInfo).port);
	const { stdout } = await channel.listSockets('tcp', 1, soon).finally(() => servers.forEach((server) => server.close()));
	const ports = new Set(parseListeners(stdout).map(({ port }) => port));
	t.deepEqual(wanted.filter((port) => !ports.has(port)), []);
}));
