/** The words of commands that take several, as they reach a lab that runs, or ssh(1); both are played here. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { usageFailure } from '../../../src/base/errors.js';
import { serveControl } from '../../../src/control/server.js';
import type { LabRequest } from '../../../src/protocol/requests.js';
import { announceLive } from '../../../src/runs/live-labs.js';
import { makeRehearse } from './rehearse.js';

/** A lab `shop` that refuses everything but to let keys in, and an ssh(1) that prints its words, one a line. */
async function liveLab(t: ExecutionContext) {
	const { rehearse, directory } = await makeRehearse(t);
	const runDirectory = path.join(directory, 'state', 'rehearse', 'runs', '20260101T000000-shop');
	await mkdir(runDirectory, { recursive: true });
	await writeFile(path.join(runDirectory, 'pid'), tokenOf());
	await writeFile(path.join(runDirectory, 'identity.pub'), 'ssh-ed25519 AAAA rehearse\n');
	await writeFile(path.join(runDirectory, 'ssh_config'), 'Host a\n  User ops\n');
	const requests: LabRequest[] = [];
	const cleanup = new CleanupStack();
	t.teardown(() => cleanup.run());
	const controlSocket = path.join(directory, 'control');
	await serveControl(
		controlSocket,
		async ({ request }) => {
			requests.push(request as LabRequest);
			if ((request as LabRequest).op !== 'authorize') throw usageFailure('refused');
		},
		cleanup,
	);
	const lab = { name: 'shop', labArgument: 'shop', planPath: '/none', nodes: ['a', 'b'], isUp: true, sockets: directory };
	await announceLive({ ...lab, runDirectory, controlSocket, pid: process.pid, token: tokenOf(), startedAt: Date.now() }, cleanup);
	const bin = path.join(directory, 'bin');
	await mkdir(bin);
	await writeFile(path.join(bin, 'ssh'), '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n');
	await chmod(path.join(bin, 'ssh'), 0o755);
	const env = { PATH: `${bin}:${process.env['PATH']}` };
	return { requests, does: (...args: string[]) => rehearse(args, { env }) };
}

test('every test that is named is asked for', async (t) => {
	const { requests, does } = await liveLab(t);
	t.like(await does('test', 'Server pings', 'ML pings', '1.10', '--wait', '3'), { exitCode: 2 });
	t.like(requests[0], { op: 'test', tests: ['Server pings', 'ML pings', '1.10'], deadlineMs: 3000 });
});

test('a command reaches ssh word for word, with or without --, and its exit status comes back', async (t) => {
	const { requests, does } = await liveLab(t);
	const behind = await does('exec', 'a', '--', 'echo', '1.10', '1e3', '0x10', '--lab', 'two  words');
	t.is(behind.exitCode, 7);
	t.is(behind.stdout.split('\n').at(-1), "echo 1.10 1e3 0x10 --lab 'two  words'");
	t.is((await does('exec', 'a', 'echo', 'hello', 'world')).stdout.split('\n').at(-1), 'echo hello world');
	t.deepEqual((await does('ssh', 'a', 'ls', '/tmp', '/var')).stdout.split('\n').slice(-4), ['a', 'ls', '/tmp', '/var']);
	t.deepEqual((await does('ssh', 'a', '--user', 'root', '--', '-v', 'true')).stdout.split('\n').slice(-5), ['-l', 'root', 'a', '-v', 'true']);
	t.like(requests.at(-1), { op: 'authorize', node: 'a', user: 'root' });
});

test('a flag that is given twice counts the second time', async (t) => {
	const { requests, does } = await liveLab(t);
	t.like(await does('pause', 'a', '--lab', 'none', '--lab', 'shop'), { exitCode: 2 });
	t.like(requests[0], { op: 'pause', node: 'a' });
	t.regex((await does('pause', 'a', '--lab', 'shop', '--lab', 'none')).stderr, /no lab 'none' is up/);
	t.like(await does('link', 'a', 'delay', '200'), { exitCode: 2 });
	t.like(requests.at(-1), { op: 'link', link: { state: 'bad', delayMs: 200 } });
});

test('every node that is named is looked for', async (t) => {
	const { does } = await liveLab(t);
	t.regex((await does('up', 'immich-photo-vault', 'redis', 'one', 'two')).stderr, /the lab has no node 'one', 'two'/);
});
