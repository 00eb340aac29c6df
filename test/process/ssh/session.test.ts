import { once } from 'node:events';
import net from 'node:net';
import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { quote } from '../../../src/base/shell.js';
import { connectSsh, generateHostKey, type ConnectOptions, type SshSession } from '../../../src/ssh/session.js';
import { TcpOpenError } from '../../../src/ssh/tcp.js';
import { startGuest, type Guest, type GuestOptions } from './guest.js';

/** Runs `body` with a session in a guest, both of which end with it. */
async function withSession(
	body: (session: SshSession, guest: Guest) => Promise<void>,
	options?: GuestOptions,
): Promise<void> {
	await using guest = await startGuest(options);
	const session = await connectSsh({ ...guest.target, readyTimeoutMs: 10_000 });
	try {
		await body(session, guest);
	} finally {
		await session.close();
	}
}

const soon = { timeoutMs: 10_000 };

const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

test('a command gives stdout, stderr and exit status', (t) =>
	withSession(async (session) => {
		const result = await session.exec('echo out; echo err >&2; exit 3', soon);
		t.like(result, { stdout: 'out\n', stderr: 'err\n', exitCode: 3, timedOut: false });
	}));

test('a command that a signal ends gives its name', (t) =>
	withSession(async (session) => {
		t.like(await session.exec('kill -TERM $$', soon), { exitCode: undefined, signal: 'TERM', timedOut: false });
	}));

test('a command reads its input, and its end', (t) =>
	withSession(async (session) => {
		t.is((await session.exec('wc -c', { ...soon, input: 'a'.repeat(300_000) })).stdout.trim(), '300000');
		t.is((await session.exec('cat', soon)).stdout, '');
		t.is((await session.exec('true', { ...soon, input: 'a'.repeat(3_000_000) })).exitCode, 0);
	}));

test('output without end is cut short in memory, not in time', (t) =>
	withSession(async (session) => {
		const { stdout, exitCode } = await session.exec('head -c 12000000 /dev/zero', soon);
		t.is(exitCode, 0);
		t.is(stdout.length, 8 * 1024 * 1024);
	}));

const roundTrip = test.macro((t, text: string) =>
	withSession(async (session) => {
		t.is((await session.exec(`printf %s ${quote(text)}`, soon)).stdout, text);
		t.is((await session.exec(`printf %s ${quote(text)}`, { ...soon, sudo: true })).stdout, text);
	}),
);
test(
	'quoting: all that is special to a shell',
	roundTrip,
	` $HOME \`id\` "a" 'b' \\ ! * ~ # ; & | < > ( ) { } [ ] \t\n é € 🐘 `,
);
test('quoting: quotes alone', roundTrip, `'''`);
test('quoting: an option', roundTrip, '--help');

for (const sudo of ['asks', 'does not ask'] as const) {
	test(`sudo that ${sudo} leaves the command its own input and output`, (t) =>
		withSession(
			async (session) => {
				const result = await session.exec('cat; echo err >&2; exit 4', { ...soon, sudo: true, input: 'in\nput' });
				t.like(result, { stdout: 'in\nput', stderr: 'err\n', exitCode: 4 });
				t.like(await session.exec('cat', { ...soon, sudo: true }), { stdout: '', stderr: '', exitCode: 0 });
			},
			{ sudo },
		));
}

test('a syntax error under sudo is the command\'s own', (t) =>
	withSession(async (session) => {
		const result = await session.exec('if', { ...soon, sudo: true });
		t.is(result.exitCode, 2);
		t.regex(result.stderr, /syntax error/);
	}));

test('a user whom sudo refuses is told apart from a command that fails', (t) =>
	withSession(
		async (session) => {
			const error = await t.throwsAsync(session.exec('true', { ...soon, sudo: true }), { instanceOf: Failure });
			t.is(error?.code, 'ssh-sudo');
			t.regex(error?.message ?? '', /cannot become root: ops is not in the sudoers file/);
		},
		{ sudo: 'refuses' },
	));

test('a command that is not over in time gives what it wrote until then', (t) =>
	withSession(async (session) => {
		const result = await session.exec('echo begun; sleep 60', { timeoutMs: 3000 });
		t.like(result, { stdout: 'begun\n', exitCode: undefined, timedOut: true });
		t.true(result.ms >= 2950 && result.ms < 30_000);
		t.is((await session.exec('echo on', soon)).stdout, 'on\n');
	}));

test('an abort ends a command with its reason', (t) =>
	withSession(async (session) => {
		const reason = new Error('enough');
		const abort = new AbortController();
		setTimeout(() => abort.abort(reason), 200);
		t.is(await t.throwsAsync(session.exec('sleep 60', { ...soon, signal: abort.signal })), reason);
		t.is(await t.throwsAsync(session.exec('true', { ...soon, signal: abort.signal })), reason);
		t.false(session.closed);
	}));

test('a connection that is lost ends its commands at once', (t) =>
	withSession(async (session, guest) => {
		setTimeout(() => guest.cut(), 200);
		const error = await t.throwsAsync(session.exec('sleep 60', { timeoutMs: 30_000 }), { instanceOf: Failure });
		t.is(error?.code, 'ssh-lost');
		t.true(session.closed);
		t.true(failsWith('ssh-lost')(await t.throwsAsync(session.exec('true', soon))));
		t.true(failsWith('ssh-lost')(await t.throwsAsync(session.openTcp('127.0.0.1', 1, soon))));
	}));

test('a password asked for interactively is given', (t) =>
	withSession(
		async (session, guest) => {
			t.is((await session.exec('echo in', soon)).stdout, 'in\n');
			t.deepEqual(guest.seen.passwords, [guest.target.password]);
		},
		{ authentication: 'keyboard-interactive' },
	));

const refuses = test.macro(
	async (t, change: Partial<ConnectOptions>, code: string, message: RegExp, options?: GuestOptions) => {
		await using guest = await startGuest(options);
		const connecting = connectSsh({ ...guest.target, readyTimeoutMs: 10_000, ...change });
		const error = await t.throwsAsync(connecting, { instanceOf: Failure });
		t.is(error?.code, code);
		t.regex(error?.message ?? '', message);
		t.is(error?.node, 'guest');
		t.is(guest.seen.logins, 0);
	},
);

test(
	'another host key',
	refuses,
	{ hostKey: generateHostKey().publicKey },
	'ssh-host-key',
	/shows host key SHA256:\S{43}, not SHA256:/,
);
test('a wrong password', refuses, { password: 'wrong' }, 'ssh-auth', /refuses user 'ops' with the declared password$/);
test('a wrong password, asked for interactively', refuses, { password: 'wrong' }, 'ssh-auth', /refuses user/, {
	authentication: 'keyboard-interactive',
});
test(
	'a guest that says nothing',
	refuses,
	{ readyTimeoutMs: 300 },
	'ssh-unreachable',
	/no login within 300 ms/,
	{ silent: true },
);
test(
	'a port where nobody listens',
	refuses,
	{ port: 1 },
	'ssh-unreachable',
	/guest \(127\.0\.0\.1:1\) cannot be reached: .*ECONNREFUSED/,
);

test('a wrong password and a wrong key are offered nothing more', async (t) => {
	await using guest = await startGuest();
	await t.throwsAsync(connectSsh({ ...guest.target, password: 'wrong', readyTimeoutMs: 10_000 }));
	t.deepEqual(guest.seen.passwords, ['wrong']);
	await t.throwsAsync(connectSsh({ ...guest.target, hostKey: generateHostKey().publicKey, readyTimeoutMs: 10_000 }));
	t.deepEqual(guest.seen.passwords, ['wrong']);
});

test('an abort ends a login with its reason', async (t) => {
	await using guest = await startGuest({ silent: true });
	const reason = new Error('enough');
	const signal = AbortSignal.timeout(200);
	const abort = new AbortController();
	signal.addEventListener('abort', () => abort.abort(reason));
	t.is(await t.throwsAsync(connectSsh({ ...guest.target, readyTimeoutMs: 10_000, signal: abort.signal })), reason);
});

test('a TCP connection starts in the guest', (t) =>
	withSession(async (session) => {
		const echo = net.createServer((socket) => socket.pipe(socket));
		await once(echo.listen(0, '127.0.0.1'), 'listening');
		const stream = await session.openTcp('127.0.0.1', (echo.address() as net.AddressInfo).port, soon);
		stream.write('hello');
		const [answer] = (await once(stream, 'data')) as [Buffer];
		t.is(answer.toString(), 'hello');
		stream.destroy();
		echo.close();
	}));

test('a TCP connection that is not taken is no fault of SSH', (t) =>
	withSession(async (session) => {
		const opening = session.openTcp('127.0.0.1', 1, soon);
		await t.throwsAsync(opening, { instanceOf: TcpOpenError, message: /^connection to 127\.0\.0\.1:1 / });
		t.is((await session.exec('echo on', soon)).stdout, 'on\n');
	}));
