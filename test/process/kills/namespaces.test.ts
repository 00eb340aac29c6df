import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { watchNamespaces } from '../../kills/namespaces.js';

const patient = { intervalMs: 20, deadlineMs: 20_000 };

test('a process that is left in a namespace is reported until it is gone, and this process is in none that is watched', async (t) => {
	const shell = spawn('unshare', ['--user', '--map-root-user', '--net', 'sh', '-c', 'sleep 1000 & exec sleep 1001'], { stdio: 'ignore' });
	t.teardown(() => shell.kill('SIGKILL'));
	const children = () => readFile(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').catch(() => '');
	const child = Number((await poll(children, (text) => text !== '', patient)).last);

	const watched = await watchNamespaces([shell.pid ?? 0, child, process.pid]);
	t.deepEqual((await watched.occupants()).map((line) => Number(/process (\d+) is still in net:\[\d+\], user:\[\d+\]: sleep 100/.exec(line)?.[1])).sort(), [shell.pid ?? 0, child].sort());
	shell.kill('SIGKILL');
	await once(shell, 'exit');
	t.is((await watched.occupants()).length, 1);
	process.kill(child, 'SIGKILL');
	t.deepEqual((await poll(() => watched.occupants(), (left) => left.length === 0, patient)).last, []);
	// Its number is nobody else's while it is watched.
	const others = Array.from({ length: 3 }, () => spawn('unshare', ['--user', '--map-root-user', '--net', 'sleep', '1000'], { stdio: 'ignore' }));
	t.teardown(() => others.forEach((other) => other.kill('SIGKILL')));
	t.deepEqual(await watched.occupants(), []);
	await watched.forget();
});
