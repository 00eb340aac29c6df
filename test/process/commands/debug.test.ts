/** `rehearse debug` of a lab that is a control socket: what it shows, how it ends, and that it does end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { CleanupStack } from '../../../src/base/cleanup.js';
import type { ExitCode } from '../../../src/base/errors.js';
import { maskOf } from '../../../src/base/secrets.js';
import { onLines } from '../../../src/base/lines.js';
import { duplexPair } from '../../../src/base/streams.js';
import { pasteable } from '../../../src/base/shell.js';
import { poll } from '../../../src/base/waiting.js';
import { debugCommand } from '../../../src/commands/live/debug.js';
import { Prompt } from '../../../src/commands/live/debugger/prompt.js';
import { serveControl } from '../../../src/control/server.js';
import type { DebugStop } from '../../../src/machine/debugging/messages.js';
import type { DebugPosition, DebugReply, DebugRequest } from '../../../src/protocol/debugger.js';
import { painter } from '../../../src/report/text.js';
import { announceLive } from '../../../src/runs/live-labs.js';
import { writeHolder } from '../../../src/runs/run-directory.js';
import { labNode, labOf } from '../../unit/base/labs.js';

const password = 'correct horse battery';
const command = `chpasswd <<< "ops:${password}"`;
const text = `#!/bin/bash\n${command}\n`;
const at: DebugStop = { kind: 'at', script: 'setup', isFatal: false, line: 2, source: '', depth: 0, status: 0, command, output: `made ${password}\n` };

interface FakeLab {
	/** The directory of all runs. */
	readonly runs: string;
	/** What the debugger has asked for. */
	readonly asked: readonly DebugRequest[];
}

/** A lab of one node, whose debugger answers each request with what `answer` has for it. */
async function fakeLab(t: ExecutionContext, answer: (request: DebugRequest | undefined) => DebugReply, showSecrets = false): Promise<FakeLab> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'debug-'));
	const cleanup = new CleanupStack();
	t.teardown(async () => {
		await cleanup.run();
		await rm(directory, { recursive: true, force: true });
	});
	const runs = path.join(directory, 'runs');
	const runDirectory = path.join(runs, 'one');
	await mkdir(runDirectory, { recursive: true });
	const controlSocket = path.join(directory, 'control');
	const users = [{ username: 'ops', password, groups: [], shell: '/bin/bash' }];
	const lab = labOf(labNode('box', 0, { users, startupScripts: [{ name: 'setup', text, after: '' }] }));
	const asked: DebugRequest[] = [];
	await serveControl(
		controlSocket,
		async ({ request, join }) => {
			if ((request as { op: string }).op === 'plan') return { lab, accelerator: 'tcg', isCold: true, trace: true, showSecrets, ended: [] };
			const [ours, theirs] = duplexPair();
			const send = (reply: DebugReply) => ours.write(`${JSON.stringify({ reply })}\n`);
			ours.on('error', () => undefined);
			onLines(ours, {
				onLine: (line) => {
					const wanted = JSON.parse(line) as DebugRequest;
					asked.push(wanted);
					send(answer(wanted));
				},
			});
			send(answer(undefined));
			return join(theirs);
		},
		cleanup,
	);
	await writeHolder(runDirectory);
	await announceLive({ name: 'sample', labArgument: 'sample', planPath: '/plans/sample.yaml', nodes: ['box'], isUp: true, runDirectory, sockets: directory, controlSocket, pid: process.pid, token: tokenOf(), startedAt: 0 }, cleanup);
	return { runs, asked };
}

/** Types these lines into the debugger, through a pipe. */
async function debug({ runs }: Pick<FakeLab, 'runs'>, ...typed: readonly string[]) {
	let printed = '';
	const write = (chunk: string) => void (printed += chunk);
	const stdin = new PassThrough();
	stdin.end(typed.map((line) => `${line}\n`).join(''));
	const exitCode = await debugCommand({
		...{ runs, lab: undefined, node: 'box', script: undefined },
		terminal: { stdout: { write }, stderr: { write }, stdoutColor: true } as never,
		streams: { stdin, stdout: new PassThrough() } as never,
	});
	return { exitCode, printed };
}

const broke: DebugPosition = { kind: 'broken', message: 'box ended: its kernel panicked' };
const ends = test.macro({
	title: (_title, position: DebugPosition) => `an end is told as what it is: ${position.kind === 'ended' ? position.startup : position.kind}`,
	async exec(t, position: DebugPosition, exitCode: ExitCode, told: string) {
		const lab = await fakeLab(t, (request) => ({ position: request?.do === 'quit' ? position : at }));
		const ended = await debug(lab, 'q');
		t.is(ended.exitCode, exitCode);
		t.true(ended.printed.endsWith(`box: ${told}; the lab continues\n`), ended.printed);
		// The end of the input is the end of the session, too.
		t.is((await debug(lab)).exitCode, exitCode);
	},
});

test(ends, { kind: 'ended', startup: 'passed' }, 0, 'its startup scripts have passed');
test(ends, { kind: 'ended', startup: 'failed' }, 1, 'its startup scripts have failed');
test(ends, broke, 4, 'its machine broke before its startup scripts had ended');

test('declared passwords are masked wherever the debugger shows them, and what runs again is as it was', async (t) => {
	const secret = `it holds ${password}`;
	const lab = await fakeLab(t, (request) => {
		if (request?.do === 'evaluate' || request?.do === 'variables') return { answer: { kind: 'answer', status: 0, text: secret } };
		if (request?.do === 'go') return { position: { kind: 'broken', message: secret } };
		return { position: request?.do === 'quit' ? { kind: 'broken', message: secret } : at };
	});
	const { printed } = await debug(lab, 'l', `e echo ${password}`, 'vars', 'p PASS', 'r', 's', 'b 9', 'q');
	t.false(printed.includes(password), printed);
	t.true(printed.split('__password-of-ops__').length > 10, printed);
	t.deepEqual(lab.asked.find((request) => request.do === 'instead'), { do: 'instead', command, lines: [] });
	t.deepEqual(lab.asked.find((request) => request.do === 'evaluate'), { do: 'evaluate', command: `echo ${password}` });
});

test('but for a lab that shows its secrets', async (t) => {
	const lab = await fakeLab(t, (request) => ({ position: request?.do === 'quit' ? broke : at }), true);
	const { printed } = await debug(lab, 'l', 'q');
	t.true(printed.includes(command));
	t.false(printed.includes('__password-of'));
});

test('a command that holds a password is not put into the editor of a terminal, and runs again as it is', async (t) => {
	for (const [held, prefilled] of [[command, []], ['apt-get update', ['apt-get update']]] as const) {
		const [editors, asked]: [string[], DebugRequest[]] = [[], []];
		const typed = ['r', 'q'];
		const prompt = new Prompt({
			...{ node: 'box', scripts: new Map([['setup', text]]), paint: painter(false), mask: maskOf([{ user: 'ops', password }]), print: () => undefined },
			lines: {
				isTerminal: true,
				next: async (_prompt, begun) => {
					if (begun !== undefined) editors.push(begun);
					return begun ?? typed.shift();
				},
				close: () => undefined,
			},
			ask: async (request) => {
				if (request) asked.push(request);
				return { position: request?.do === 'quit' ? { kind: 'ended', startup: 'passed' } : { ...at, command: held } };
			},
			showShell: () => Promise.resolve(),
		});
		t.deepEqual(await prompt.run(), { kind: 'ended', startup: 'passed' });
		t.deepEqual(editors, [...prefilled]);
		t.deepEqual(asked.find((request) => request.do === 'instead'), { do: 'instead', command: held, lines: [] });
	}
});

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
	test(`${signal} ends a debugger whose prompt waits, and the terminal is as it was`, async (t) => {
		const { runs, asked } = await fakeLab(t, () => ({ position: at }));
		const module = JSON.stringify(new URL('../../../src/commands/live/debug.js', import.meta.url));
		const program = `
			import { debugCommand } from ${module};
			const { stdin, stdout, stderr } = process;
			console.log('pid ' + process.pid + '.');
			await debugCommand({ runs: ${JSON.stringify(runs)}, node: 'box', terminal: { stdout, stderr, stdoutColor: false }, streams: { stdin, stdout } })
				.catch((error) => console.log('ended ' + error.code + ' ' + stdin.isRaw));
		`;
		const argv = [process.execPath, '--input-type=module', '-e', program] as const;
		const child = spawn('script', ['--quiet', '--return', '--command', pasteable(argv), '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
		const exited = once(child, 'exit');
		let written = '';
		child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()));
		await poll(async () => written, (soFar) => soFar.includes('(box) '), { intervalMs: 20, deadlineMs: 30_000 });
		const pid = Number(/pid (\d+)\./.exec(written)?.[1]);
		t.true(pid > 1, written);
		t.teardown(() => {
			if (child.exitCode === null) process.kill(pid, 'SIGKILL');
		});
		process.kill(pid, signal);
		const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), 20_000).unref());
		t.deepEqual(await Promise.race([exited, late]), [0, null], written);
		t.regex(written, /ended interrupted false/);
		t.deepEqual(asked, []);
	});
}
