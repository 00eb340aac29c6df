/** `rehearse watch` where there is nothing to rehearse: plans with errors are shown and waited on. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { program } from './rehearse.js';

/** Watches a plan with errors. `shown` waits until they were shown so many times. */
function watchPlan(t: ExecutionContext, plan: string, directory: string) {
	const child = spawn(process.execPath, [program, 'watch', plan, '--json'], { env: { ...process.env, XDG_STATE_HOME: directory } });
	t.teardown(() => child.kill('SIGKILL'));
	const written = { stdout: '', stderr: '' };
	for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (written[name] += text));
	const lines = () => written.stdout.split('\n').slice(0, -1);
	const shown = async (count: number) => {
		const look = () => Promise.resolve(lines().length >= count && written.stderr.split('waiting for an edit').length > count);
		const { accepted } = await poll(look, Boolean, { intervalMs: 20, deadlineMs: 20_000 });
		t.true(accepted, written.stderr);
	};
	return { child, lines, shown };
}

async function makeDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'watch-'));
	t.teardown(() => rm(directory, { recursive: true }));
	return directory;
}

test('a plan with errors is shown again after each edit, and Ctrl-C ends with 130', async (t) => {
	const directory = await makeDirectory(t);
	const plan = path.join(directory, 'plan.yaml');
	await writeFile(plan, 'name: 7\n');
	const { child, lines, shown } = watchPlan(t, plan, directory);

	await shown(1);
	await writeFile(plan, '{ not: [yaml\n');
	await shown(2);
	await writeFile(plan, 'name: 8\n');
	await shown(3);
	for (const line of lines()) t.like(JSON.parse(line), { schema: 1, verdict: 'error', error: { code: 'usage', exit_code: 2 } });

	const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
	child.kill('SIGINT');
	t.is(await ended, 130);
});

test('a plan that is a symbolic link is edited where it is', async (t) => {
	const directory = await makeDirectory(t);
	const [plan, target] = [path.join(directory, 'plan.yaml'), path.join(directory, 'shared', 'plan.yaml')];
	await mkdir(path.dirname(target));
	await writeFile(target, 'name: 7\n');
	await symlink(target, plan);
	const { shown } = watchPlan(t, plan, directory);
	await shown(1);
	await writeFile(target, 'name: 8\n');
	await shown(2);
	await writeFile(target, '{ not: [yaml\n');
	await shown(3);
});

test('a lab that is nowhere is not waited for', async (t) => {
	const child = spawn(process.execPath, [program, 'watch', '/nowhere/at/all']);
	t.is(await new Promise((resolve) => child.once('close', resolve)), 2);
});
