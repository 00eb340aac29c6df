/** A guest that writes what it likes to who runs commands in it over SSH. */
import { PassThrough } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import test from 'ava';
import { SshCommands } from '../../../../src/machine/live/ssh-commands.js';
import type { RemoteCommand, SshSession } from '../../../../src/ssh/login.js';
import { memoryInUse } from '../../base/memory.js';

/** A command that runs, whose streams the test writes. */
function startCommand() {
	const [stream, stderr] = [new PassThrough(), new PassThrough()];
	// What is written to the command is none of its output.
	stream.end = () => stream;
	let end: () => void = () => undefined;
	const ended = new Promise<{ readonly exitCode: number }>((resolve) => (end = () => resolve({ exitCode: 0 })));
	const command: RemoteCommand = { stream, stderr, ended };
	const session = { exec: async () => command } as unknown as SshSession;
	const commands = new SshCommands(session, { username: 'root', password: '' });
	return { stream, stderr, end, running: commands.run('true', { timeoutMs: 60_000 }) };
}

const maximumBytes = 8 * 2 ** 20;

test.serial('output without end takes no more memory than is kept of it, in large pieces or small ones', async (t) => {
	const { stream, stderr, end, running } = startCommand();
	await tick();
	const before = memoryInUse();
	for (let count = 0; count < 3000; count++) {
		stream.write(Buffer.alloc(32_768, 'o'));
		for (let small = 0; small < 60; small++) stderr.write(Buffer.from('e'));
		if (count % 100 === 0) await tick();
	}
	await tick();
	const taken = memoryInUse() - before;
	t.true(taken < 4 * maximumBytes, `${taken} bytes`);
	end();
	const { stdout, stderr: errors, exitCode } = await running;
	t.is(exitCode, 0);
	t.true(stdout === 'o'.repeat(maximumBytes));
	t.true(errors === 'e'.repeat(180_000));
});
