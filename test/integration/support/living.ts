/** Life in the bundled lab, as a person would live it: up, in, out, faults, back, down. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { bundledLab } from './labs.js';
import type { Sandbox } from './sandbox.js';
import { runTool, Tool } from './tool.js';

/** What the services of the lab answer over HTTP: port, request, status, body. */
const answers: readonly (readonly [port: number, request: string, status: number, body: string, posted?: string])[] = [
	[2283, 'GET /api/server-info/ping', 200, '{"res":"pong"}'],
	[2283, 'GET /api/server-info/version', 200, '{"major":1,"minor":0,"patch":0,"flavor":"compat"}'],
	[2283, 'GET /metrics', 200, 'immich_server_compat_up 1\n'],
	[2283, 'GET /photos', 404, 'not found\n'],
	[2283, 'DELETE /metrics', 501, 'only GET\n'],
	[3003, 'GET /ping', 200, '{"status":"ok"}'],
	[3003, 'GET /metrics', 200, 'immich_ml_compat_up 1\n'],
	[3003, 'GET /predict', 404, 'not found\n'],
	[3003, 'POST /predict', 200, '{"prediction":"compat-stub","confidence":0.0}', '{"image":["…"]}'],
	[3003, 'POST /predict', 400, '{"error":"the body is not JSON"}', 'a cat'],
	[9187, 'GET /metrics', 200, 'pg_compat_up 1\n'],
	[9187, 'GET /', 404, 'not found\n'],
	[9121, 'GET /metrics', 200, 'redis_compat_up 1\n'],
];

/** Sends something to a server that speaks no HTTP, and resolves to the beginning of its answer. */
const receives = (port: number, words: Buffer): Promise<string> =>
	new Promise((resolve, reject) => {
		const socket = connect(port, '127.0.0.1', () => socket.write(words));
		socket.setTimeout(20_000, () => socket.destroy(new Error(`no answer on ${port}`)));
		socket.once('error', reject).once('data', (data: Buffer) => {
			socket.destroy();
			resolve(data.toString('latin1'));
		});
	});

/** PostgreSQL's SSLRequest ("Message Formats" in its documentation); the answer is one letter. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Brings the lab up, does what one does with a lab, and takes it down; nothing is left. */
export async function livesIn(t: ExecutionContext, sandbox: Sandbox): Promise<void> {
	const command = async (status: number, ...args: string[]) => {
		const ended = await runTool(sandbox, args);
		t.is(ended.status, status, `rehearse ${args.join(' ')}\n${ended.stderr}${ended.stdout}`);
		return ended;
	};
	await command(0, 'up', bundledLab);
	t.is((await command(0, 'ssh', 'redis', 'hostname')).stdout, 'redis\n');
	t.regex((await command(0, 'exec', 'redis', '--', 'redis-cli', '-h', '10.71.0.40', 'ping')).stdout, /^PONG$/m);
	const copy = path.join(sandbox.path, 'server.env');
	await command(0, 'cp', 'immich-server:/etc/immich/server.env', copy);
	t.regex(await readFile(copy, 'utf8'), /^REDIS_HOSTNAME=10\.71\.0\.40$/m);

	const forwarding = new Tool(sandbox, ['forward', '--json']);
	const [, line = ''] = await forwarding.prints(/(\{.*\})\n/, 30_000);
	const { ports } = JSON.parse(line) as { readonly ports: readonly { readonly port: number; readonly local: number }[] };
	const localOf = (port: number) => ports.find((forwarded) => forwarded.port === port)?.local ?? 0;
	for (const [port, request, status, body, posted] of answers) {
		const [method = '', place = ''] = request.split(' ');
		const answer = await fetch(`http://127.0.0.1:${localOf(port)}${place}`, { method, ...(posted && { body: posted }) });
		t.deepEqual([answer.status, await answer.text()], [status, body], `${port} ${request}`);
		t.is(answer.headers.get('content-type') === 'application/json', /^[{]/.test(body), `${port} ${request}`);
	}
	t.is(await receives(localOf(6379), Buffer.from('PING\r\n')), '+PONG\r\n');
	t.regex(await receives(localOf(5432), sslRequest), /^[SN]/);
	forwarding.signal('SIGINT');
	t.is((await forwarding.ended).status, 0);

	await command(0, 'test');
	await command(0, 'link', 'postgres-pgvector', 'down');
	const cut = await command(1, 'test', 'Server reaches backends', 'Server pings');
	t.regex(cut.stdout, /✖ Server reaches backends .*0 of 1 passed/);
	t.regex(cut.stdout, /✔ Server pings .*1 of 1 passed/);
	await command(0, 'reset');
	await command(0, 'test');
	await command(0, 'down');
	t.deepEqual(await sandbox.leftovers(10_000), []);
}
