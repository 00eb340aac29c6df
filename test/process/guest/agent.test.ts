/** The guest's agent on this host: a pair of pipes is its port, and what it starts is played by shell functions. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';

/** Functions in place of what changes the machine or is not on this host; `catch_up` tells what it was called with. */
const stage = `
count_failed() { echo 0; }
catch_up() { printf 'catch-up %s\\n' "$*" >&4; echo 1; }
run_scripts() { tell started failed=; }
`;

/** The agent's own functions and its loop, with descriptors 3 (the port, both ways) and 4 (what was done) for us. */
async function startAgent(t: ExecutionContext, clock: () => number) {
	const text = await readFile(path.join(packageRoot(), 'cloud-init', 'guest', 'agent.sh'), 'utf8');
	const functions = text.slice(text.indexOf('tell()'), text.indexOf('\n# The first look at sockets'));
	const loop = text.slice(text.indexOf('words=()'));
	t.true(functions.includes('sync_clock()') && !functions.includes('\ntell ') && loop.includes('while'), 'the agent is built as this test expects');
	const program = `here=/nowhere state=/tmp\n${functions}\n${stage}\n${loop}`;
	// One descriptor is one direction here: the agent's writes to 3 go to 5.
	const child = spawn('bash', ['-c', program.replaceAll('>&3', '>&5')], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
	t.teardown(() => child.kill('SIGKILL'));
	const streams = child.stdio as readonly unknown[];
	const port = streams[3] as NodeJS.WritableStream;
	const said: string[] = [];
	const done: string[] = [];
	createInterface({ input: streams[5] as NodeJS.ReadableStream }).on('line', (line) => {
		if (line === 'clock') port.write(`clock ${clock()}\n`);
		else said.push(line);
	});
	createInterface({ input: streams[4] as NodeJS.ReadableStream }).on('line', (line) => done.push(line));
	const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
	return {
		said,
		done,
		tell: (text: string) => port.write(text),
		/** Hangs up once the agent has said and done as many things as expected. */
		async end(count: number) {
			const isDone = () => said.length + done.length >= count || child.exitCode !== null;
			await poll(async () => isDone(), Boolean, { intervalMs: 10, deadlineMs: 20_000 });
			port.end();
			await ended;
		},
	};
}

test('words that come in one go are all heard, in their order, though it asks for the time between them', async (t) => {
	const agent = await startAgent(t, () => Date.now());
	agent.tell('sync\nwake\nstart\n');
	// Two words and what was called: with less the port would be gone when it asks for the time before `start`.
	await agent.end(3);
	t.deepEqual(
		agent.said.map((line) => line.split(' ')[0]),
		['awake', 'started'],
	);
	t.regex(agent.said[0] ?? '', / reseeded=1 /);
	t.is(agent.done.length, 1, 'a clock that is right is left alone, but for that of a copy');
	t.regex(agent.done[0] ?? '', /^catch-up \d{13} \d+ 0$/);
});

test('a clock that is a week behind is set', async (t) => {
	const week = 7 * 86_400_000;
	const agent = await startAgent(t, () => Date.now() + week);
	agent.tell('sync\n');
	await agent.end(1);
	const [, host, up] = /^catch-up (\d+) (\d+)$/.exec(agent.done[0] ?? '') ?? [];
	t.true(Math.abs(Number(host) - Date.now() - week) < 10_000, agent.done[0]);
	t.true(Math.abs(Number(up) - os.uptime() * 1000) < 10_000, agent.done[0]);
});
