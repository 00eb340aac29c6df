/** What is done for a process that can no longer do it. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { packageRoot } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import { startChild } from '../../../src/process/child.js';
import { run } from '../../../src/process/run.js';
import { removal, removalWith, startJanitor } from '../../../src/process/janitor.js';

const temporary = (): Promise<string> => mkdtemp(path.join(os.tmpdir(), 'janitor-'));

test('a killed process has its directory removed', async (t) => {
	const directory = await temporary();
	const modules = path.join(packageRoot(), 'dist', 'src');
	const program = `
		const { startJanitor } = await import('${modules}/process/janitor.js');
		const { CleanupStack } = await import('${modules}/base/cleanup.js');
		await startJanitor('janitor', ['rm', '-rf', ${JSON.stringify(directory)}], new CleanupStack());
		console.log('ready');
		setInterval(() => {}, 1000);
	`;
	let output = '';
	const child = await startChild([process.execPath, '--input-type=module', '-e', program], {
		onStdout: (chunk) => (output += chunk.toString()),
	});
	t.teardown(() => child.stop({ graceMs: 100 }));
	const until = (holds: () => boolean) => poll(async () => holds(), Boolean, { intervalMs: 20, deadlineMs: 20_000 });
	t.true((await until(() => output.includes('ready'))).accepted);
	t.true(existsSync(directory));
	process.kill(child.pid, 'SIGKILL');
	t.true((await until(() => !existsSync(directory))).accepted);
});

test('one that cleans up itself has nothing done for it', async (t) => {
	const directory = await temporary();
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const cleanup = new CleanupStack();
	await startJanitor('janitor', ['rm', '-rf', directory], cleanup);
	t.deepEqual(await cleanup.run(), []);
	t.true(existsSync(directory));
});

test('what others still put into a directory does not keep it from being removed', async (t) => {
	const directory = await temporary();
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const busy = 'for n in $(seq 1000000); do mkdir -p "$1/$n/x/y" || exit; [ $n = 200 ] && echo busy; done';
	let output = '';
	const other = await startChild(['sh', '-c', busy, 'sh', directory], { onStdout: (chunk) => (output += chunk.toString()) });
	t.teardown(() => other.stop({ graceMs: 100 }));
	t.true((await poll(async () => output, (text) => text !== '', { intervalMs: 10, deadlineMs: 20_000 })).accepted);
	const removing = run(removal(directory));
	setTimeout(() => other.kill('SIGKILL'), 500);
	t.is((await removing).exitCode, 0);
	t.false(existsSync(directory));
});

test('what a process has begun in a store that others use too goes by its token, and nothing else', async (t) => {
	const store = await temporary();
	const own = await temporary();
	t.teardown(() => rm(store, { recursive: true, force: true }));
	const [mine = '', ...others] = await Promise.all(
		['.key.7-42-cafe.1', '.key.7-42-caff.1', '.key.77-42-cafe.1', 'key', '.7-42-cafe'].map(async (name) => {
			await mkdir(path.join(store, name, 'within'), { recursive: true });
			return path.join(store, name);
		}),
	);
	t.is((await run(removalWith(store, '7-42-cafe', own))).exitCode, 0);
	t.deepEqual([mine, own].filter((one) => existsSync(one)), []);
	t.deepEqual(others.filter((one) => !existsSync(one)), []);
	// There is nothing left of it, or no store.
	t.is((await run(removalWith(store, '7-42-cafe', own))).exitCode, 0);
	t.is((await run(removalWith(path.join(store, 'none'), '7-42-cafe', own))).exitCode, 0);
});
