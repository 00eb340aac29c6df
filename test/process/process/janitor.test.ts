/** What is done for a process that can no longer do it. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { packageRoot } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import { startChild } from '../../../src/process/child.js';
import { startJanitor } from '../../../src/process/janitor.js';

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
