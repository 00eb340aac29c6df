import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { startChild, type Child } from '../../../src/process/child.js';
import { acquireLock } from '../../../src/process/lock.js';

async function lockName(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return path.join(directory, 'not', 'yet', 'there');
}

/** Another process that takes the lock, and gives it back when its input ends. */
async function holdElsewhere(t: ExecutionContext, name: string): Promise<Child> {
	const program = `
		import { acquireLock } from ${JSON.stringify(new URL('../../../src/process/lock.js', import.meta.url).href)};
		const lock = await acquireLock(${JSON.stringify(name)}, { timeoutMs: 60_000 });
		console.log('held');
		for await (const _ of process.stdin);
		await lock.release();
	`;
	let onHeld = () => {};
	const held = new Promise<void>((resolve) => (onHeld = resolve));
	const child = await startChild([process.execPath, '--input-type=module', '-e', program], { stdin: 'pipe', onStdout: onHeld });
	t.teardown(() => child.stop());
	await Promise.race([held, child.exited.then(({ recentStderr }) => Promise.reject(new Error(recentStderr)))]);
	return child;
}

test('a lock is waited for until the other process gives it back', async (t) => {
	const name = await lockName(t);
	const other = await holdElsewhere(t, name);
	let waits = 0;
	let acquired = false;
	const waiting = acquireLock(name, {
		timeoutMs: 60_000,
		onWait: () => {
			waits++;
			t.false(acquired);
			other.stdin?.end();
		},
	});
	const lock = await waiting;
	acquired = true;
	t.is((await other.exited).exitCode, 0);
	t.is(waits, 1);
	await lock.release();
});

test('a lock that nobody holds is taken without a wait, again and again', async (t) => {
	const name = await lockName(t);
	for (let count = 0; count < 3; count++) {
		const lock = await acquireLock(name, { timeoutMs: 0, onWait: () => t.fail('nobody holds it') });
		await lock.release();
	}
	t.pass();
});

test('two of one process exclude each other as well', async (t) => {
	const name = await lockName(t);
	const lock = await acquireLock(name, { timeoutMs: 0 });
	await t.throwsAsync(acquireLock(name, { timeoutMs: 0 }), { code: 'lock-timeout' });
	await lock.release();
});

test('the time limit is an error that names the lock', async (t) => {
	const name = await lockName(t);
	const other = await holdElsewhere(t, name);
	const error = await t.throwsAsync(acquireLock(name, { timeoutMs: 300 }), { code: 'lock-timeout' });
	t.true(error?.message.includes(name));
	t.is(other.exit, undefined);
});

test('an abort ends the wait', async (t) => {
	const name = await lockName(t);
	await holdElsewhere(t, name);
	const reason = new Error('interrupted');
	const aborting = new AbortController();
	const waiting = acquireLock(name, { timeoutMs: 60_000, signal: aborting.signal, onWait: () => aborting.abort(reason) });
	t.is(await t.throwsAsync(waiting), reason);
});

test('a holder that is killed loses its lock at once', async (t) => {
	const name = await lockName(t);
	const other = await holdElsewhere(t, name);
	t.true(existsSync(`${name}.lock`));
	process.kill(other.pid, 'SIGKILL');
	await other.exited;
	const lock = await acquireLock(name, { timeoutMs: 5000 });
	await lock.release();
	t.false(existsSync(`${name}.lock`));
});

test('a lock of before a power failure is taken over once it is stale', async (t) => {
	const name = await lockName(t);
	await mkdir(`${name}.lock`, { recursive: true });
	await t.throwsAsync(acquireLock(name, { timeoutMs: 0 }), { code: 'lock-timeout' });
	// Instead of waiting for ten seconds.
	const longAgo = new Date(Date.now() - 11_000);
	await utimes(`${name}.lock`, longAgo, longAgo);
	const lock = await acquireLock(name, { timeoutMs: 0 });
	await lock.release();
	t.false(existsSync(`${name}.lock`));
});

test('the janitor of a lock that was given back leaves alone who has it next', async (t) => {
	const name = await lockName(t);
	const other = await holdElsewhere(t, name);
	other.stdin?.end();
	const lock = await acquireLock(name, { timeoutMs: 60_000 });
	await other.exited;
	await sleep(200);
	t.true(existsSync(`${name}.lock`));
	await lock.release();
});
