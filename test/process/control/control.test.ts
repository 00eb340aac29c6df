/** The control socket: real sockets, both ends in this process. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { Failure, usageFailure } from '../../../src/base/errors.js';
import { ask, askForStream } from '../../../src/control/client.js';
import { serveControl, type Answer } from '../../../src/control/server.js';

async function serve(t: ExecutionContext, answer: Answer): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'control-'));
	const cleanup = new CleanupStack();
	t.teardown(async () => {
		await cleanup.run();
		await rm(directory, { recursive: true });
	});
	const socket = path.join(directory, 'control');
	await serveControl(socket, answer, cleanup);
	return socket;
}

test('a question is answered, after the events that come before', async (t) => {
	const socket = await serve(t, async ({ request, send }) => {
		send({ step: 1 });
		send({ step: 2 });
		return { received: request };
	});
	const events: unknown[] = [];
	const answer = await ask(socket, { op: 'hello' }, { onEvent: (event) => events.push(event) });
	t.deepEqual(answer, { received: { op: 'hello' } });
	t.deepEqual(events, [{ step: 1 }, { step: 2 }]);
});

test('a failure comes as it was thrown', async (t) => {
	const socket = await serve(t, async () => {
		throw usageFailure("no node is called 'x'", { hint: 'try y', node: 'x' });
	});
	const error = await t.throwsAsync(ask(socket, {}), { instanceOf: Failure });
	t.like(error, { code: 'usage', exitCode: 2, message: "no node is called 'x'", hint: 'try y', node: 'x' });
});

test('events and failures are shown as they come, and are washed; an answer is what it is', async (t) => {
	const evil = '\x1b[2J::error::x \x9bm ##[error]y';
	const socket = await serve(t, async ({ request, send }) => {
		send({ type: 'notice', message: evil });
		if ((request as { op: string }).op === 'fail') throw usageFailure(evil, { hint: evil });
		return evil;
	});
	const events: unknown[] = [];
	t.is(await ask(socket, { op: 'answer' }, { onEvent: (event) => events.push(event) }), evil);
	t.deepEqual(events, [{ type: 'notice', message: ': :error::x  # #[error]y' }]);
	await t.throwsAsync(ask(socket, { op: 'fail' }), { message: ': :error::x  # #[error]y' });
});

test('what is no JSON is refused', async (t) => {
	const socket = await serve(t, async () => 'never');
	const client = createConnection(socket);
	client.write('hello\n');
	t.regex(await text(client), /"error":.*expects a line of JSON/);
});

test('a stream carries bytes both ways, each direction with its own end', async (t) => {
	const server = createServer({ allowHalfOpen: true }, (socket) => {
		// Answers only once the other side has sent all that it has to send.
		const chunks: Buffer[] = [Buffer.from('got ')];
		socket.on('data', (chunk: Buffer) => chunks.push(chunk)).once('end', () => socket.end(Buffer.concat(chunks)));
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => server.close());
	const socket = await serve(t, async ({ join }) => {
		const connection = createConnection({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
		await once(connection, 'connect');
		return join(connection);
	});
	const one = async (size: number) => {
		const stream = await askForStream(socket, { op: 'dial' });
		stream.end(Buffer.alloc(size, 7));
		return (await buffer(stream)).length;
	};
	const sizes = Array.from({ length: 100 }, (_value, index) => index * 1000 + 1);
	t.deepEqual(await Promise.all(sizes.map(one)), sizes.map((size) => size + 4));
});

test('whoever answers learns that whoever asked is gone', async (t) => {
	let gone = () => {};
	const learned = new Promise<void>((resolve) => (gone = resolve));
	const socket = await serve(t, async ({ signal, send }) => {
		signal.addEventListener('abort', gone);
		send('begun');
		await learned;
	});
	const leaving = new AbortController();
	const asked = ask(socket, {}, { signal: leaving.signal, onEvent: () => leaving.abort(new Error('no patience')) });
	await t.throwsAsync(asked, { message: 'no patience' });
	await learned;
	t.pass();
});

test('nobody listens, nobody answers in time, the server ends in the middle', async (t) => {
	await t.throwsAsync(ask('/nonexistent/control', {}), { code: 'control-gone' });
	const socket = await serve(t, () => new Promise(() => undefined));
	await t.throwsAsync(ask(socket, {}, { deadlineMs: 50 }), { code: 'control-deadline' });
	const ends = await serve(t, async ({ join }) => {
		const broken = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(new Error('broken')) });
		return join(broken);
	});
	const stream = await askForStream(ends, {});
	stream.on('error', () => undefined).resume();
	stream.write('x');
	await once(stream, 'end');
	t.pass();
});
