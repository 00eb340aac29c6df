/** Clients and servers that are gone of a sudden: nothing is left of what they have begun. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connect, type Run } from './client.js';
import { makeFakeHost, type FakeHost } from './fake-host.js';

interface Vanishing {
	/** Process ids of the client and of its server. */
	readonly client: number;
	readonly server: number;
	readonly lines: readonly string[];
}

/** Starts a client of its own process; resolves when it has begun everything. */
async function startClient(t: ExecutionContext, host: FakeHost, ...args: string[]): Promise<Vanishing> {
	const child = spawn(process.execPath, [path.join(import.meta.dirname, 'vanishing-client.js'), host.root, ...args], { env: { ...host.env }, stdio: ['ignore', 'pipe', 'inherit'] });
	t.teardown(() => child.kill('SIGKILL'));
	let text = '';
	child.stdout.setEncoding('utf8');
	while (!text.endsWith('waiting\n')) {
		const [chunk] = (await once(child.stdout, 'data', { signal: AbortSignal.timeout(120_000) })) as [string];
		text += chunk;
	}
	const [first = '', ...lines] = text.trimEnd().split('\n');
	return { client: child.pid ?? 0, server: Number(first.replace('server ', '')), lines: lines.slice(0, -1) };
}

test.serial('a client that is killed while machines of two rehearsals boot', async (t) => {
	const host = await makeFakeHost(t);
	await host.behave('hangs');
	for (const lab of ['web', 'api']) await host.writeLab(lab);
	const { client, lines } = await startClient(t, host, 'run_lab', 'web', 'api');
	t.is(new Set(lines).size, 2);
	for (const run of lines) await host.finds(new RegExp(`fake-qemu\\.js.*${run}`));
	process.kill(client, 'SIGKILL');
	t.deepEqual(await host.leftovers(), []);
});

test.serial('a client that is killed, with a lab that is up', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	const { client, lines } = await startClient(t, host, 'start_lab', 'web');
	t.is(lines[1], 'up');
	await host.finds(/fake-qemu\.js/);
	process.kill(client, 'SIGKILL');
	t.deepEqual(await host.leftovers(), []);
});

test.serial('a server that is killed, with a lab that is up', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	const { client, server, lines } = await startClient(t, host, 'start_lab', 'web');
	t.is(lines[1], 'up');
	process.kill(server, 'SIGKILL');
	t.deepEqual(await host.leftovers(client), []);
});

test.serial('a server that is killed while a machine boots', async (t) => {
	const host = await makeFakeHost(t);
	await host.behave('hangs');
	await host.writeLab('web');
	const { client, server } = await startClient(t, host, 'run_lab', 'web');
	await host.finds(/fake-qemu\.js/);
	process.kill(server, 'SIGKILL');
	t.deepEqual(await host.leftovers(client), []);
});

test.serial('a lab that is to be kept running is, and another server ends it', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	const first = await connect(t, host);
	const { value } = await first.call<Run>('start_lab', { plan: 'web', keep_up: true });
	t.is((await first.waitFor(value.run)).state, 'up');
	await first.client.close();
	const second = await connect(t, host);
	t.like((await second.call('lab_status')).value, { labs: [{ run: value.run, lab: 'web', stays: true, ready: true, begun_here: false }] });
	t.is((await second.waitFor(value.run)).state, 'up');
	t.regex((await second.call('cancel_run', { run: value.run })).error ?? '', /was not begun by this server/);
	t.is((await second.call<Run>('change_lab', { action: 'down', wait_seconds: 45 })).value.state, 'done');
	const down = await second.waitFor(value.run);
	t.is(down.state, 'down');
	// Of a lab that was up there is no verdict.
	t.is(down.result, undefined);
	t.deepEqual(await host.leftovers(second.pid), []);
});
