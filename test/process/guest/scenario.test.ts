/** The checks against real programs, over the guest's own channel: what the commands print is what the judges read. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { Assertion } from '../../../src/lab/lab.js';
import { runScenario } from '../../../src/scenario/run.js';
import { selfSigned } from './certificate.js';
import { startCommands } from './commands.js';

const onVm = 'guest';

/** Runs assertions in a guest with no patience, and gives `passed` or the message of each. */
async function judge(...assertions: Assertion[]): Promise<string[]> {
	using guest = startCommands();
	const outcomes = await runScenario({
		scenarios: [{ name: 'all', tests: [{ name: 'test', assertions }] }],
		guests: () => guest.channel,
		emit: () => {},
		deadlineMs: 0,
	});
	return outcomes.map(({ status, message }) => message ?? status);
}

/** Listens on loopback while `body` runs. */
async function listening(server: net.Server, body: (port: number) => Promise<void>): Promise<void> {
	await once(server.listen(0, '127.0.0.1'), 'listening');
	try {
		await body((server.address() as net.AddressInfo).port);
	} finally {
		server.close();
	}
}

test('commands', async (t) => {
	const expect = { contains: 'yes', exitCode: 0 };
	const [passed, failed] = await judge(
		{ type: 'command_output', onVm, command: `echo '"pong"' | grep -q pong && echo yes`, expect },
		{ type: 'command_output', onVm, command: 'echo no >&2; false', expect },
	);
	t.is(passed, 'passed');
	t.is(failed, 'expected exit status 0 and stdout with "yes", saw exit status 1 (no) and stdout ""');
});

test('ports', (t) =>
	listening(net.createServer(), async (port) => {
		const [anywhere, there, elsewhere, other] = await judge(
			{ type: 'port_listening', onVm, port, protocol: 'tcp' },
			{ type: 'port_listening', onVm, port, protocol: 'tcp', address: '127.0.0.1' },
			{ type: 'port_listening', onVm, port, protocol: 'tcp', address: '10.71.0.30' },
			{ type: 'port_listening', onVm, port: 1, protocol: 'tcp' },
		);
		t.deepEqual([anywhere, there], ['passed', 'passed']);
		t.regex(elsewhere ?? '', /saw one on 127\.0\.0\.1$/);
		t.regex(other ?? '', new RegExp(`saw listeners on .*\\b${port}\\b.* only`));
	}));

test('HTTP', (t) => {
	const server = http.createServer((request, response) => {
		if (request.url === '/ping') response.end(`${request.method} ${request.headers.host} pong`);
		else if (request.url === '/moved') response.writeHead(302, { location: '/ping' }).end();
		else if (request.url === '/endless') response.write('x');
		else if (request.url === '/huge') response.end(Buffer.alloc(4_000_000, 'x'));
		else if (request.url === '/broken') response.socket?.destroy();
		else response.writeHead(404).end('nothing here');
	});
	return listening(server, async (port) => {
		const get = (url: string, more: object = {}): Assertion => ({
			type: 'http_responds',
			onVm,
			url: `http://127.0.0.1:${port}${url}`,
			status: 200,
			method: 'GET',
			...more,
		});
		const [pong, posted, moved, missing, endless, begun, answered, huge, broken, refused] = await judge(
			get('/ping', { contains: `GET 127.0.0.1:${port} pong` }),
			get('/ping', { contains: 'POST ', method: 'POST' }),
			get('/moved', { status: 302 }),
			get('/nowhere'),
			get('/endless', { timeout: 0.3, contains: 'y' }),
			get('/endless', { timeout: 5 }),
			get('/endless', { timeout: 5, contains: 'x' }),
			get('/huge', { contains: 'xxx' }),
			get('/broken'),
			{ ...get('/'), url: 'http://127.0.0.1:1/' } as Assertion,
		);
		t.deepEqual([pong, posted, moved, begun, answered, huge], Array(6).fill('passed'), 'an answer that does not end is one');
		t.is(missing, 'expected status 200, saw status 404 and body "nothing here"');
		t.is(endless, `expected status 200 of http://127.0.0.1:${port}/endless, saw no answer within 300 ms`);
		t.regex(broken ?? '', /\/broken, saw socket hang up$/);
		t.regex(refused ?? '', /saw connection to 127\.0\.0\.1:1 /);
		server.closeAllConnections();
	});
});

test('HTTPS with a certificate that nobody vouches for', (t) =>
	listening(https.createServer(selfSigned, (_request, response) => response.end('secret pong')), async (port) => {
		const parameters = { onVm, status: 200, method: 'GET', contains: 'secret pong' };
		const [passed, plain] = await judge(
			{ type: 'http_responds', url: `https://127.0.0.1:${port}/`, ...parameters },
			{ type: 'http_responds', url: `http://127.0.0.1:${port}/`, ...parameters },
		);
		t.is(passed, 'passed');
		t.regex(plain ?? '', /^expected status 200 of http:/);
	}));

test('files', async (t) => {
	const directory = await mkdtemp(path.join(tmpdir(), "rehearse it's "));
	const file = path.join(directory, 'notes.md');
	await writeFile(file, 'first\nCREATE EXTENSION "vectors";\nlast\0binary tail', { mode: 0o640 });
	const { username } = userInfo();
	const outcomes = await judge(
		{ type: 'file_exists', onVm, path: file, mode: '0640', owner: username, contains: '"vectors";\nlast' },
		{ type: 'file_exists', onVm, path: file, contains: 'binary tail' },
		{ type: 'file_exists', onVm, path: file, contains: 'first\nlast' },
		{ type: 'file_exists', onVm, path: file, mode: '0600' },
		{ type: 'file_exists', onVm, path: `${file}.not` },
		{ type: 'file_exists', onVm, path: directory, contains: 'x' },
	);
	await rm(directory, { recursive: true });
	t.deepEqual(outcomes.slice(0, 2), ['passed', 'passed']);
	t.regex(outcomes[2] ?? '', /without the text$/);
	t.regex(outcomes[3] ?? '', /mode 0600, saw mode 0640/);
	t.regex(outcomes[4] ?? '', /No such file or directory/);
	t.regex(outcomes[5] ?? '', /without the text$/);
});

test('users, groups and processes', async (t) => {
	const { username, shell, homedir } = userInfo();
	const outcomes = await judge(
		{ type: 'user_exists', onVm, username, home: homedir, ...(shell && { shell }) },
		{ type: 'user_exists', onVm, username: 'nobody-of-that-name' },
		{ type: 'group_exists', onVm, name: 'daemon' },
		{ type: 'group_exists', onVm, name: 'no-group-of-that-name' },
		{ type: 'process_running', onVm, name: path.basename(process.execPath), user: username },
		{ type: 'process_running', onVm, name: 'no-process-of-that-name' },
		{ type: 'vm_boots', onVm },
	);
	t.deepEqual([0, 2, 4, 6].map((index) => outcomes[index]), ['passed', 'passed', 'passed', 'passed']);
	t.regex(outcomes[1] ?? '', /saw no such user$/);
	t.regex(outcomes[3] ?? '', /saw no such group$/);
	t.regex(outcomes[5] ?? '', /saw none$/);
});

test('packages', async (t) => {
	const outcomes = await judge(
		{ type: 'package_installed', onVm, package: 'bash' },
		{ type: 'package_installed', onVm, package: 'bash', version: '0.' },
		{ type: 'package_not_installed', onVm, package: 'no-package-of-that-name' },
		{ type: 'package_not_installed', onVm, package: 'bash' },
	);
	t.deepEqual([outcomes[0], outcomes[2]], ['passed', 'passed']);
	t.regex(outcomes[1] ?? '', /bash 0\.… installed, saw version \d/);
	t.regex(outcomes[3] ?? '', /bash not installed, saw version \d/);
});

test('connections', (t) =>
	listening(net.createServer((socket) => socket.end()), async (port) => {
		const [open, closed] = await judge(
			{ type: 'network_reachable', onVm, host: '127.0.0.1', port },
			{ type: 'network_reachable', onVm, host: '127.0.0.1', port: 1 },
		);
		t.is(open, 'passed');
		t.regex(closed ?? '', /^expected a connection to 127\.0\.0\.1:1, saw connection to 127\.0\.0\.1:1 /);
	}));
