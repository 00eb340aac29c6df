import { readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import test from 'ava';
import { isAlive } from '../../../src/base/alive.js';
import { poll } from '../../../src/base/waiting.js';

const patient = { intervalMs: 10, deadlineMs: 10_000 };

test('a process lives until it ends, also when nobody has noticed its end', async (t) => {
	// The shell becomes a program that never asks what became of its child.
	const parent = spawn('sh', ['-c', 'sleep 0.5 & exec sleep 60'], { stdio: 'ignore' });
	t.teardown(() => parent.kill('SIGKILL'));
	const children = () => readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').catch(() => '');
	const child = Number((await poll(children, (text) => text !== '', patient)).last);
	t.true(isAlive(child));
	const { accepted } = await poll(async () => isAlive(child), (alive) => !alive, patient);
	t.true(accepted);
	t.regex(await readFile(`/proc/${child}/status`, 'utf8'), /^State:\s+Z/m, 'it is still there, as a zombie');
	t.true(isAlive(parent.pid ?? 0));
	t.false(isAlive(4_194_305), 'beyond what the kernel gives');
});
