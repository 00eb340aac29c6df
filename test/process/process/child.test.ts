import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import os from 'node:os';
import test from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { startChild, type Child, type ChildOptions } from '../../../src/process/child.js';

/** A shell program as a child, with what it writes to stdout; resolves when it has written `ready`. */
async function start(program: string, options: ChildOptions = {}): Promise<{ child: Child; output: () => string }> {
	let output = '';
	const child = await startChild(['sh', '-c', program], { ...options, onStdout: (chunk) => (output += chunk.toString()) });
	await until(() => output.includes('ready') || child.exit !== undefined);
	return { child, output: () => output };
}

/** Waits for a thing to become true; that it never does is the failure of the test. */
async function until(isTrue: () => boolean): Promise<void> {
	const { accepted } = await poll(async () => isTrue(), (value) => value, { intervalMs: 10, deadlineMs: 15_000 });
	if (!accepted) throw new Error(`never: ${isTrue.toString()}`);
}

/** Whether the process is there, and no zombie. */
function isRunning(pid: number): boolean {
	if (!existsSync(`/proc/${pid}/stat`)) return false;
	const [, state] = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
	return state !== 'Z' && state !== 'X';
}

const pidIn = (output: string): number => Number(/pid (\d+)/.exec(output)?.[1]);

test('a child that ends by itself is reported with its status and the end of its output', async (t) => {
	const { child } = await start('echo bad luck >&2; exit 7');
	t.deepEqual(await child.exited, { exitCode: 7, recentStderr: 'bad luck\n' });
	t.deepEqual(child.exit, await child.exited);
	await child.stop();
});

test('a child that was killed is reported with the signal', async (t) => {
	const { child } = await start('echo ready; kill -KILL $$');
	t.deepEqual(await child.exited, { signal: 'SIGKILL', recentStderr: '' });
});

test('only the end of its output is kept, all of it is passed on', async (t) => {
	let seen = 0;
	const child = await startChild(['sh', '-c', 'seq 20000 >&2'], { onStderr: (chunk) => (seen += chunk.length) });
	const { recentStderr } = await child.exited;
	t.true(seen > 100_000);
	t.is(recentStderr.length, 8192);
	t.true(recentStderr.endsWith('\n20000\n'));
});

test('a program that is not there is a failure at once, with its package', async (t) => {
	const missing = startChild(['qemu-system-x86_64'], { env: { PATH: '/nonexistent' } });
	await t.throwsAsync(missing, { code: 'program-missing', message: /qemu-system-x86_64 was not found/ });
});

test('stop asks first: a child that obeys is never signalled', async (t) => {
	const { child, output } = await start('trap "echo signalled" TERM; echo ready; read line; echo "read $line"; exit 3', { stdin: 'pipe' });
	await child.stop({ graceful: () => void child.stdin?.write('quit\n') });
	t.is(child.exit?.exitCode, 3);
	t.is(output(), 'ready\nread quit\n');
});

test('stop terminates a child that does not obey', async (t) => {
	const { child, output } = await start('trap "echo signalled; exit 5" TERM; echo ready; while :; do sleep 0.01; done');
	await child.stop({ graceful: () => undefined, graceMs: 1000 });
	t.is(child.exit?.exitCode, 5);
	t.is(output(), 'ready\nsignalled\n');
});

test('stop kills a child that ignores everything', async (t) => {
	const { child } = await start('trap "" TERM; echo ready; while :; do sleep 0.01; done');
	await child.stop({ graceMs: 100 });
	t.deepEqual(child.exit, { signal: 'SIGKILL', recentStderr: '' });
	t.false(isRunning(child.pid));
});

const graceful = test.macro(async (t, how: () => Promise<unknown>) => {
	const { child } = await start('echo ready; exec sleep 1000');
	await child.stop({ graceful: how, graceMs: 500 });
	t.is(child.exit?.signal, 'SIGTERM');
});
test('a graceful way that never answers holds nothing up', graceful, () => new Promise(() => undefined));
test('one that rejects neither', graceful, () => Promise.reject(new Error('the monitor is gone')));
test('one that throws neither', graceful, () => {
	throw new Error('there is no monitor');
});

test('two stops at once, and one afterwards, are one', async (t) => {
	const { child } = await start('echo ready; exec sleep 1000');
	await Promise.all([child.stop(), child.stop()]);
	await child.stop({ graceful: () => Promise.reject(new Error('asked a dead child')) });
	child.kill('SIGKILL');
	t.is(child.exit?.signal, 'SIGTERM');
});

test("a child's own children end with it", async (t) => {
	const { child, output } = await start('sleep 1000 & echo "pid $! ready"; wait');
	const grandchild = pidIn(output());
	t.true(isRunning(grandchild));
	await child.stop();
	await until(() => !isRunning(grandchild));
	t.pass();
});

test('a process that left the group and keeps the output open does not hold up a stop', async (t) => {
	const { child, output } = await start('setsid sh -c \'echo "pid $$ ready"; exec sleep 1000\' & wait');
	await child.stop({ graceMs: 100 });
	const stray = pidIn(output());
	t.true(isRunning(stray));
	process.kill(stray, 'SIGKILL');
});

test('Ctrl-C for the tool is none for the child: it has a session of its own', async (t) => {
	const { child } = await start('echo ready; exec sleep 1000');
	const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8')) ?? [];
	const [, , group, session] = fields.split(' ').map(Number);
	t.deepEqual([group, session], [child.pid, child.pid]);
	await child.stop();
});

test('the end of its input reaches a child, and writing to a dead one is no error', async (t) => {
	const { child, output } = await start('echo ready; cat; echo end', { stdin: 'pipe' });
	child.stdin?.end('words\n');
	t.is((await child.exited).exitCode, 0);
	t.is(output(), 'ready\nwords\nend\n');
	const { child: deaf } = await start('exec 0<&-; echo ready; exec sleep 1000', { stdin: 'pipe' });
	deaf.stdin?.write('x'.repeat(1_000_000));
	await deaf.stop();
	deaf.stdin?.write('more');
	await new Promise(setImmediate);
	t.is(deaf.exit?.signal, 'SIGTERM');
});

test('without a pipe a child has no input', async (t) => {
	const { child } = await start('cat; exit 4');
	t.is(child.stdin, undefined);
	t.is((await child.exited).exitCode, 4);
});

test('extra pipes are read from descriptor 3 up', async (t) => {
	const child = await startChild(['sh', '-c', 'echo three >&3; echo four >&4'], { extraPipes: 2 });
	t.is(child.extra.length, 2);
	t.deepEqual(await Promise.all(child.extra.map((pipe) => text(pipe))), ['three\n', 'four\n']);
	t.is((await child.exited).exitCode, 0);
});

test('a command is printed so that it can be pasted', async (t) => {
	const { child } = await start('exit 0');
	t.is(child.command, "sh -c 'exit 0'");
	await child.exited;
});

// As image builds are started: the tool may be killed at any moment, and nobody else would end them.
test('a child under setpriv ends with its parent, even when that is killed', async (t) => {
	const parent = `
		import { startChild } from ${JSON.stringify(new URL('../../../src/process/child.js', import.meta.url).href)};
		const child = await startChild(['setpriv', '--pdeathsig=TERM', 'sh', '-c', 'echo >&2; exec sleep 1000'], {
			onStderr: () => console.log('pid ' + child.pid),
		});
	`;
	let output = '';
	const tool = await startChild([process.execPath, '--input-type=module', '-e', parent], {
		onStdout: (chunk) => (output += chunk.toString()),
	});
	await until(() => output.includes('\n'));
	const build = pidIn(output);
	t.true(isRunning(build));
	process.kill(tool.pid, 'SIGKILL');
	await tool.exited;
	await until(() => !isRunning(build));
	t.pass();
});

test('the child gets the environment, less what is taken away', async (t) => {
	process.env['REHEARSE_TEST_CHILD'] = 'inherited';
	const { child, output } = await start('echo "$REHEARSE_TEST_CHILD,$REHEARSE_TEST_ADDED,$LC_ALL ready"', {
		env: { REHEARSE_TEST_CHILD: undefined, REHEARSE_TEST_ADDED: 'added' },
	});
	await child.exited;
	t.is(output(), ',added,C.UTF-8 ready\n');
});

test('a child can have a lower priority, and its session', async (t) => {
	const program = 'cat /proc/self/autogroup 2>/dev/null; nice; echo ready; sleep 20';
	const { child, output } = await start(program, { niceness: 7 });
	t.teardown(() => child.stop());
	// It is that much lower than the priority of whoever starts it.
	t.regex(output(), new RegExp(`^${Math.min(19, os.getPriority() + 7)}$`, 'm'));
	if (!existsSync(`/proc/${child.pid}/autogroup`)) return;
	await until(() => / nice 7$/m.test(readFileSync(`/proc/${child.pid}/autogroup`, 'utf8')));
	t.pass();
});

test('a child can go without huge pages, and its arguments are its own', async (t) => {
	const program = 'grep THP_enabled /proc/self/status; printf "<%s>" "it\'s" \'$x\'; echo ready; sleep 20';
	const { child, output } = await start(program, { withoutHugePages: true });
	t.teardown(() => child.stop());
	t.regex(output(), /^THP_enabled:\s+0$/m);
	t.true(output().includes("<it's><$x>"), output());
});

for (const [how, options] of Object.entries<ChildOptions>({
	'without huge pages': { withoutHugePages: true },
	'yielding': { niceness: 3 },
	'with a signal when orphaned': { signalWhenOrphaned: 'SIGKILL' },
})) {
	test(`a child that does not exist is reported like any other: ${how}`, async (t) => {
		for (const program of ['/nowhere/to-be-found', 'to-be-found-nowhere']) {
			await t.throwsAsync(startChild([program, '-S'], options), { message: `${program} was not found` });
		}
	});
}
