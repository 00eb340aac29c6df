/** Exceptions that no caller catches, in each of the three processes; and what is reported of a lab that ended so. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { downCommand } from '../../../src/commands/live/down.js';
import { statusCommand } from '../../../src/commands/live/status.js';
import { programFile } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import { startChild } from '../../../src/process/child.js';
import { startDaemon } from '../../../src/process/daemon.js';
import { run } from '../../../src/process/run.js';
import { makeFakeHost } from '../mcp/fake-host.js';
import { startLab } from '../supervisor/labs.js';

async function temporary(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'exceptions-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

test('what a listener throws ends a command in order, and is what it failed with', async (t) => {
	const module = (file: string) => JSON.stringify(new URL(`../../../src/${file}`, import.meta.url));
	const program = `
		import { stopOnSignals } from ${module('commands/stop.js')};
		import { systemClock } from ${module('base/waiting.js')};
		const stopping = stopOnSignals();
		setTimeout(() => { throw new Error('a listener broke'); }, 1);
		if (process.argv[1] === 'rejects') { void Promise.reject(new Error('a listener broke')); }
		await systemClock.sleep(60_000, stopping.signal).catch((error) => console.log(error.code, error.exitCode, error.message));
		stopping.done();
		console.log('cleaned up');
		process.exit(4);
	`;
	for (const how of ['throws', 'rejects']) {
		const { stdout, exitCode } = await run([process.execPath, '--input-type=module', '-e', program, how], { allowFailure: true, timeoutMs: 30_000 });
		t.deepEqual([stdout, exitCode], ['internal 4 a listener broke\ncleaned up', 4], how);
	}
});

/** Has a listener of a command throw once it waits, which it says by this; and waits for what comes of that. */
async function breakWaiting(argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv, says: RegExp, input = '') {
	const preload = "data:text/javascript,process.on('SIGUSR2',()=>{throw(new(Error)('out-of-luck'))})";
	let text = '';
	const take = (chunk: Buffer) => void (text += chunk.toString());
	const child = await startChild([process.execPath, programFile('main'), ...argv], { stdin: 'pipe', env: { ...env, NODE_OPTIONS: `--import=${preload}` }, onStdout: take, onStderr: take });
	child.stdin?.write(input);
	await poll(() => Promise.resolve(says.test(text) || child.exit !== undefined), Boolean, { intervalMs: 20, deadlineMs: 30_000 });
	if (!child.exit) process.kill(child.pid, 'SIGUSR2');
	return { exitCode: (await child.exited).exitCode, text };
}

test('what a listener throws while watch waits for an edit is what it failed with', async (t) => {
	const directory = await temporary(t);
	await writeFile(path.join(directory, 'plan.yaml'), 'name: 7\n');
	const { exitCode, text } = await breakWaiting(['watch', directory], { ...process.env, XDG_STATE_HOME: directory }, /waiting for an edit/);
	t.is(exitCode, 4, text);
	t.regex(text, /^rehearse: out-of-luck$/m);
});

test.serial('so is what one throws while forward waits, whose lab goes on', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('box');
	const rehearse = (...args: string[]) => run([process.execPath, programFile('main'), ...args], { env: host.env, allowFailure: true, timeoutMs: 120_000 });
	const up = await rehearse('up', path.join(host.root, 'box'), '--cold');
	t.is(up.exitCode, 0, up.stderr);
	const { exitCode, text } = await breakWaiting(['forward', 'box:22'], host.env, /Ctrl-C ends it/);
	t.is(exitCode, 4, text);
	t.regex(text, /^rehearse: out-of-luck$/m);
	t.is((await rehearse('down')).exitCode, 0);
});

test('so is what one throws while mcp waits for its client', async (t) => {
	const directory = await temporary(t);
	const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
	const first = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`;
	const { exitCode, text } = await breakWaiting(['mcp', '--root', directory], { ...process.env, XDG_STATE_HOME: directory }, /"id":1/, first);
	t.is(exitCode, 4, text);
	t.regex(text, /^rehearse: out-of-luck$/m);
});

test.serial('what a listener throws in the supervisor takes the lab down in order, and is reported', async (t) => {
	// Of all Node programs the supervisor alone is the first process of its namespace.
	const preload = "data:text/javascript,if(process.pid===1)setTimeout(()=>{throw(new(Error)('out-of-luck'))},1500)";
	const lab = await startLab(t, { behaviour: 'hangs', env: { NODE_OPTIONS: `--import=${preload}` } });
	const { error } = await lab.waitFor('done');
	t.like(error, { code: 'internal', exitCode: 4, message: 'out-of-luck' });
	t.truthy(await lab.waitFor('stage-finished', 'teardown'));
	t.deepEqual(await lab.leftovers(), []);
});

test('what a daemon writes as it crashes is in its log', async (t) => {
	const log = path.join(await temporary(t), 'web.log');
	const daemon = await startDaemon([process.execPath, '-e', 'throw new Error("out of luck")'], '', log);
	for await (const chunk of daemon.output) t.fail(String(chunk));
	const { stdout } = await run(['grep', '-c', 'Error: out of luck', log]);
	t.is(stdout, '1');
});

test.serial('what a listener throws in a lab\'s daemon ends the lab in order, and is what status and down report of it', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('box');
	const preload = "data:text/javascript,if(/lab-daemon/.test(process.argv[1]))process.on('SIGUSR2',()=>{throw(new(Error)('out-of-luck'))})";
	const rehearse = (...args: string[]) =>
		run([process.execPath, programFile('main'), ...args], { env: { ...host.env, NODE_OPTIONS: `--import=${preload}` }, allowFailure: true, timeoutMs: 120_000 });
	const up = await rehearse('up', path.join(host.root, 'box'), '--cold');
	t.is(up.exitCode, 0, up.stderr);
	const [name = ''] = await readdir(host.runs);
	process.kill(Number.parseInt(await readFile(path.join(host.runs, name, 'pid'), 'utf8'), 10), 'SIGUSR2');
	t.deepEqual(await host.leftovers(), []);
	const look = () => readFile(path.join(host.runs, name, 'crash.json'), 'utf8').then(JSON.parse, () => undefined) as Promise<object | undefined>;
	const { last } = await poll(look, (found) => found !== undefined, { intervalMs: 50, deadlineMs: 20_000 });
	t.like(last, { name: 'box', message: 'out-of-luck' });
	const { stdout } = await rehearse('status');
	t.regex(stdout, /^box {2}has ended by itself: out-of-luck\n/);
	const [, log = ''] = /what its process wrote: (.*)/.exec(stdout) ?? [];
	t.regex(await readFile(log, 'utf8'), /Error: out-of-luck/);
	t.is((await rehearse('down', 'box')).stdout, `box had ended by itself: what its process wrote is in ${log}`);
});

test('a lab whose process is gone is reported by status with its log, and forgotten by down', async (t) => {
	const runs = path.join(await temporary(t), 'runs');
	const leave = async (name: string, files: Readonly<Record<string, string>>) => {
		await mkdir(path.join(runs, name), { recursive: true });
		for (const [file, text] of Object.entries(files)) await writeFile(path.join(runs, name, file), text);
	};
	const dead = tokenOf(4_194_305);
	await leave('1-web', { pid: dead, 'live.json': JSON.stringify({ name: 'web', isUp: true, log: '/logs/web.log', token: dead }) });
	await leave('2-run', { pid: dead, 'live.json': JSON.stringify({ name: 'run', isUp: false, token: dead }) });
	await leave('3-db', { 'crash.json': JSON.stringify({ name: 'db', log: '/logs/db.log', message: 'a listener broke' }) });
	await leave('4-over', {});
	let text = '';
	const terminal = { stdout: { write: (chunk: string) => (text += chunk) }, stdoutColor: false };
	await statusCommand({ runs, lab: undefined, json: false, terminal });
	t.regex(text, /^web {2}has ended by itself: its process is gone\n {2}.*1-web\n {2}what its process wrote: \/logs\/web\.log\n/);
	t.regex(text, /^db {2}has ended by itself: a listener broke\n/m);
	t.notRegex(text, /run {2}has/);
	text = '';
	t.is(await downCommand({ runs, lab: 'web', all: false, terminal }), 0);
	t.is(text, 'web had ended by itself: what its process wrote is in /logs/web.log\n');
	text = '';
	await t.throwsAsync(downCommand({ runs, lab: 'db', all: true, terminal }), { code: 'usage', message: '--all ends every lab, and not db alone' });
	t.is(await downCommand({ runs, lab: undefined, all: true, terminal }), 0);
	t.is(text, 'db had ended by itself: what its process wrote is in /logs/db.log\n');
	text = '';
	await statusCommand({ runs, lab: undefined, json: true, terminal });
	t.deepEqual(JSON.parse(text), { schema: 1, labs: [] });
	await t.throwsAsync(statusCommand({ runs, lab: 'web', json: true, terminal }), { code: 'usage', message: 'no lab is up' }, 'as every command that is told a lab');
	t.deepEqual((await readdir(runs)).length, 4, 'the runs are kept to be read');
});
