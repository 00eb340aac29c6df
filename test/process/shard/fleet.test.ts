/** `fleet` and `merge` as they are built, on a host whose QEMU is too old: every lab has a run, and no machine is started. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeShard } from '../../../src/shard/store.js';
import { shardsOf } from '../../unit/shard/logs.js';
import { makeRehearse, program, type Rehearse } from '../cli/rehearse.js';
import { runsOf } from '../cli/kept-runs.js';

interface OldHost extends Rehearse {
	readonly env: Readonly<Record<string, string>>;
	readonly plans: readonly string[];
}

/** @param qemu what its QEMU does when its version is asked for */
async function oldHost(t: ExecutionContext, labs: readonly string[], qemu = 'echo "QEMU emulator version 1.0"'): Promise<OldHost> {
	const tool = await makeRehearse(t);
	const bin = path.join(tool.directory, 'bin');
	await mkdir(bin);
	await writeFile(path.join(bin, 'qemu-system-x86_64'), `#!/bin/sh\n${qemu}\n`);
	await chmod(path.join(bin, 'qemu-system-x86_64'), 0o755);
	const plans = labs.map(async (lab) => {
		const directory = path.join(tool.directory, 'labs', lab);
		await cp(path.resolve('test', 'labs', 'pair'), directory, { recursive: true });
		const file = path.join(directory, 'plan.yaml');
		const text = await readFile(file, 'utf8');
		await writeFile(file, text.replace(/^name: .*$/m, `name: ${lab}`));
		return path.relative(tool.directory, file);
	});
	return { ...tool, env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` }, plans: await Promise.all(plans) };
}

interface Results {
	readonly verdict: string;
	readonly labs: readonly { readonly lab: string; readonly verdict: string; readonly error?: { readonly code: string; readonly exit_code: number; readonly message: string } }[];
}

test('the labs that come later take no run away that the verdict is made of, however many runs there are', async (t) => {
	const tool = await oldHost(t, ['one', 'two', 'three']);
	const { rehearse, env, plans } = tool;
	const runs = runsOf(tool);
	// As many as are kept, and newer than what is made now.
	for (let number = 10; number < 30; number++) await mkdir(path.join(runs, `20990101T0000${number}-other-0001`), { recursive: true });
	const { exitCode, stdout, stderr } = await rehearse(['fleet', ...plans, '--json'], { env });
	t.is(exitCode, 3, stderr);
	const { labs } = JSON.parse(stdout) as Results;
	t.deepEqual(labs.map(({ lab, error }) => [lab, error?.exit_code]), [['one', 3], ['two', 3], ['three', 3]]);
	const kept = (await readdir(runs)).filter((name) => !name.includes('-other-'));
	t.is(kept.length, 3);
	for (const name of kept) t.deepEqual((await readdir(path.join(runs, name))).filter((file) => file === 'pid'), [], 'held no longer');
	const text = await rehearse(['fleet', ...plans.slice(0, 2), '--html', 'page.html'], { env });
	const named = [...text.stdout.matchAll(/^ +(?:run directory|page) +(\S+)$/gm)].map(([, file = '']) => path.resolve(tool.directory, file));
	t.is(named.length, 4, text.stdout);
	t.deepEqual(named.filter((file) => !existsSync(file)), [], 'all that the summary names is there');
	t.regex(await readFile(path.join(tool.directory, 'page-one.html'), 'utf8'), /rehearse bundle \S+-one-[0-9a-f]{4} --redact/);
});

test('where no run can have a directory that is what came of each lab, and nothing of the working directory is taken for a run', async (t) => {
	const { rehearse, env, plans, directory } = await oldHost(t, ['one', 'two']);
	await writeFile(path.join(directory, 'events.ndjson'), 'not a log\n');
	await mkdir(path.join(directory, 'consoles'));
	const nowhere = { ...env, XDG_STATE_HOME: '/proc/none' };
	const { exitCode, stdout, stderr } = await rehearse(['fleet', ...plans, '--shuffle', '2', '--json', '--junit', 'report.xml'], { env: nowhere });
	t.is(exitCode, 3, stderr);
	t.deepEqual((JSON.parse(stdout) as Results).labs.map(({ lab, error }) => [lab, error?.code]), [['one', 'no-directory'], ['two', 'no-directory']]);
	t.regex(await readFile(path.join(directory, 'report-two.xml'), 'utf8'), /rehearse cannot write to \/proc\/none\/rehearse/);
	t.deepEqual((await readdir(directory)).sort(), ['bin', 'consoles', 'events.ndjson', 'labs', 'report-one.xml', 'report-two.xml']);
	t.is((await rehearse(['fleet', ...plans, '--shard', '1/1', '--out', 'shards'], { env: nowhere })).exitCode, 3);
	t.deepEqual(await readdir(path.join(directory, 'shards', 'shard-1-of-1')), ['shard.json']);
	t.is((await rehearse(['merge', 'shards'])).exitCode, 3);
});

test('a report of a lab that cannot be written is found out before any lab is rehearsed; times that cannot be written cost no verdict', async (t) => {
	const { rehearse, env, plans, directory } = await oldHost(t, ['one', 'two']);
	await mkdir(path.join(directory, 'report-two.xml'));
	const early = await rehearse(['fleet', ...plans, '--junit', 'report.xml'], { env });
	t.is(early.exitCode, 2);
	t.regex(early.stderr, /the report report-two\.xml cannot be written: it is a directory/);
	t.false(existsSync(path.join(directory, 'state')));
	await rehearse(['fleet', ...plans, '--shard', '1/1', '--out', 'shards'], { env });
	const { exitCode, stdout, stderr } = await rehearse(['merge', 'shards', '--times', 'none/times.json'], { env });
	t.is(exitCode, 3);
	t.regex(stderr, /--times none\/times\.json cannot be written: no such file or directory/);
	for (const lab of ['one', 'two']) t.regex(stdout, new RegExp(`${lab} was not rehearsed: this host lacks something`));
	const [{ record, logs }] = shardsOf(1) as [ReturnType<typeof shardsOf>[0]];
	await mkdir(path.join(directory, 'run'));
	await writeFile(path.join(directory, 'run', 'events.ndjson'), logs.get('web')!.map((event) => `${JSON.stringify(event)}\n`).join(''));
	await writeShard(path.join(directory, 'passed'), record, new Map([['web', { runDirectory: path.join(directory, 'run'), failedOrders: [] }]]));
	const passed = await rehearse(['merge', 'passed', '--times', 'none/times.json']);
	t.is(passed.exitCode, 2);
	t.regex(passed.stdout, /web passed in/);
});

test('Ctrl-C during a lab ends with 130, and the labs that were not reached are reported with the others', async (t) => {
	const { env, plans, directory } = await oldHost(t, ['one', 'two'], 'exec sleep 60');
	const home = { HOME: directory, XDG_CACHE_HOME: path.join(directory, 'cache'), XDG_STATE_HOME: path.join(directory, 'state') };
	const child = spawn(process.execPath, [program, 'fleet', ...plans, '--json', '--junit', 'report.xml'], { cwd: directory, env: { ...process.env, ...home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
	let [stdout, stderr, isSent] = ['', '', false];
	child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => {
		stderr += chunk.toString();
		if (isSent || !/^shard 1 of 1: one/m.test(stderr)) return;
		isSent = true;
		child.kill('SIGINT');
	});
	t.is(await new Promise((resolve) => child.on('close', resolve)), 130, stderr);
	const { verdict, labs } = JSON.parse(stdout) as Results;
	t.is(verdict, 'error');
	t.deepEqual(labs.map(({ lab, error }) => [lab, error?.code, error?.exit_code]), [['one', 'interrupted', 130], ['two', 'interrupted', 130]]);
	for (const lab of ['one', 'two']) t.regex(await readFile(path.join(directory, `report-${lab}.xml`), 'utf8'), /interrupted by SIGINT/);
});
