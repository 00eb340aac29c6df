/** The time limit of commands that only build, against a mirror on this host's loopback that takes questions and answers none. */
import { createServer, type AddressInfo } from 'node:net';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { makeRehearse } from './rehearse.js';

for (const [command, ...flags] of [['image'], ['iso', '--out', 'isos']] as const) {
	test(`${command}: --timeout ends a build that waits for its mirror, with exit status 124 and nothing left`, async (t) => {
		const { rehearse, directory } = await makeRehearse(t);
		const server = createServer((connection) => void connection.on('error', () => undefined));
		t.teardown(() => server.close());
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`;
		const began = Date.now();
		const { stderr, exitCode } = await rehearse([command, ...flags, '--timeout', '2', '--mirror', mirror]);
		t.is(exitCode, 124, stderr);
		t.regex(stderr, /the time limit of 2\.0 s is over/);
		t.true(Date.now() - began < 40_000);
		const kept = await readdir(path.join(directory, 'cache', 'rehearse'), { recursive: true });
		t.deepEqual(kept.filter((file) => /root\.img|\.squashfs|\.iso$/.test(file)), []);
	});
}

test('a limit that is no time is refused before anything is begun', async (t) => {
	const { rehearse, written } = await makeRehearse(t);
	for (const args of [['image'], ['iso', '--out', 'isos']]) {
		const { stderr, exitCode } = await rehearse([...args, '--timeout', '0']);
		t.is(exitCode, 2);
		t.regex(stderr, /--timeout: expected seconds above 0/);
	}
	t.deepEqual(await written(), []);
});
