/** A root shell at a console, on a terminal that others write to as well. */
import test, { type ExecutionContext } from 'ava';
import { relayConnection } from '../../../../src/machine/live/relayed-connection.js';
import { RootShell } from '../../../../src/machine/live/root-shell.js';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { fakeConsole, type Others } from './fake-console.js';

const wait = { deadlineMs: 20_000 };
const limits = { timeoutMs: 20_000 };

async function logIn(t: ExecutionContext, others?: Others, password = 'secret'): Promise<RootShell> {
	const terminal = await fakeConsole(t, others);
	await terminal.waitFor(/ login: /, wait, 'a prompt was');
	return RootShell.logIn('box', terminal, { username: 'ops', password }, wait);
}

test('a command has its output, its errors, its status and no input', async (t) => {
	const shell = await logIn(t);
	const both = await shell.run('echo one; echo two >&2; cat; exit 3', limits);
	t.like(both, { stdout: 'one\n', stderr: 'two\n', exitCode: 3, timedOut: false });
	t.like(await shell.run("printf 'a\\0b\\r\\n'; pwd >/dev/null", limits), { stdout: 'a\0b\r\n', exitCode: 0 });
});

test('a command may be longer than a line of a terminal, and its output longer than many', async (t) => {
	const shell = await logIn(t);
	const text = 'x'.repeat(9000);
	t.is((await shell.run(`echo ${text} | tr x y`, limits)).stdout, `${'y'.repeat(9000)}\n`);
	t.is((await shell.run('seq 20000', limits)).stdout, Array.from({ length: 20_000 }, (_value, index) => `${index + 1}\n`).join(''));
});

test('what the kernel, systemd and startup scripts write to the same console comes between nothing', async (t) => {
	const noise = `while sleep 0.02; do printf '[  OK  ] Started \\e[0;1;39mbox.service\\e[0m.\\r\\nno end of a line'; done`;
	const shell = await logIn(t, { noise });
	const outputs = await Promise.all(['seq 3000', 'echo 7'].map((command) => shell.run(command, limits)));
	t.is(outputs[0]?.stdout.split('\n').length, 3001);
	t.is(outputs[1]?.stdout, '7\n');
});

test('a command that does not end is ended, and the shell goes on', async (t) => {
	const shell = await logIn(t);
	t.like(await shell.run('echo so far; sleep 1000', { timeoutMs: 1000 }), { stdout: 'so far\n', exitCode: undefined, timedOut: true });
	t.like(await shell.run('exit 124', limits), { exitCode: 124, timedOut: false });
});

test('nothing of a command that nobody waited for is run with the next', async (t) => {
	const shell = await logIn(t);
	const stopping = new AbortController();
	const given = shell.run(`echo ${'x'.repeat(9000)}`, { ...limits, signal: stopping.signal });
	// Its first part is typed.
	await new Promise(setImmediate);
	stopping.abort(new Error('nobody waits'));
	await t.throwsAsync(given, { message: 'nobody waits' });
	t.like(await shell.run('echo 7', limits), { stdout: '7\n', exitCode: 0 });
});

test('who is not let in is reported', async (t) => {
	await t.throwsAsync(logIn(t, undefined, 'guessed'), { code: 'console-login', message: "box: its console refuses user 'ops' with the declared password" });
});

const scripts = {
	// agetty(8) throws away what was typed before its prompt.
	'a prompt of their own': { before: `printf 'Grafana login: admin\\n'; sleep 0.5; read -r -t 0.2 -d '' typed` },
	'a password behind it': { before: `printf 'Grafana login: admin\\n'; sleep 0.3; printf 'Password: secret\\n'; sleep 0.5; read -r -t 0.2 -d '' typed` },
	'that they miss a program': { noise: `while sleep 0.01; do printf 'setup: line 3: jq: command not found\\r\\n'; done` },
	'apologies and refusals': { noise: `while sleep 0.01; do printf 'sorry, this is not allowed\\r\\n'; done` },
};
for (const [what, others] of Object.entries(scripts)) {
	test(`startup scripts that write ${what} do not come between the user and root`, async (t) => {
		const shell = await logIn(t, others);
		t.like(await shell.run('echo in', limits), { stdout: 'in\n', exitCode: 0 });
	});
}

test('a connection of the guest is fed and fetched by commands', async (t) => {
	const server = createServer((socket) => socket.once('data', (data) => socket.end(`you sent ${data.toString()}`)));
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => server.close());
	const { port } = server.address() as { readonly port: number };
	const shell = await logIn(t);
	const run = shell.run.bind(shell);
	const connection = await relayConnection(run, '127.0.0.1', port, limits);
	connection.write('hello');
	let answer = '';
	for await (const chunk of connection) answer += String(chunk);
	t.is(answer, 'you sent hello');
	server.close();
	await t.throwsAsync(relayConnection(run, '127.0.0.1', port, limits), { name: 'GuestConnectionError', message: /refused/ });
	await t.throwsAsync(relayConnection(run, 'no-such-host.invalid', port, limits), { message: /the name is unknown/ });
});
