/** A lab of fake machines, one of which is debugged: what is halted when, what is restored, and that nothing is left frozen. */
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { DebugConnection } from '../../../src/commands/live/debugger/connection.js';
import { ask, askForStream } from '../../../src/control/client.js';
import { Qmp } from '../../../src/machine/qmp.js';
import { connectUnix } from '../../../src/machine/socket.js';
import type { LabRequest, LabStatus } from '../../../src/protocol/requests.js';
import { startLab, type StartedLab } from './labs.js';

const askLab = (lab: StartedLab, request: LabRequest) => ask(lab.controlSocket, request, { deadlineMs: 20_000 });

/** Whether each machine goes on. */
function running(lab: StartedLab): Promise<boolean[]> {
	const look = async (index: number) => {
		const qmp = await Qmp.connect(await connectUnix(path.join(path.dirname(lab.controlSocket), `${index}.qmp`), 5000));
		const { running: isRunning } = (await qmp.execute('query-status')) as { running: boolean };
		qmp.close();
		return isRunning;
	};
	return Promise.all([look(0), look(1)]);
}

const reaches = async (lab: StartedLab, expected: boolean[]) =>
	(await poll(() => running(lab), (now) => now.join() === expected.join(), { intervalMs: 20, deadlineMs: 20_000 })).last;

async function debug(t: ExecutionContext, lab: StartedLab): Promise<DebugConnection> {
	const connection = new DebugConnection(await askForStream(lab.controlSocket, { op: 'debug', node: 'one' }), () => undefined);
	t.teardown(() => connection.close());
	t.like(await connection.ask(), { position: { kind: 'at', line: 1, command: 'echo one' } });
	return connection;
}

async function readyLab(t: ExecutionContext): Promise<StartedLab> {
	const lab = await startLab(t, { keep: 'always' });
	await lab.waitFor('detached');
	return lab;
}

async function end(t: ExecutionContext, lab: StartedLab): Promise<void> {
	await askLab(lab, { op: 'down' });
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(await lab.leftovers(), []);
}

const step = { do: 'go', mode: 'step', lines: [] } as const;
const doneOf = async (connection: DebugConnection) => /"([^]*)"/.exec((await connection.ask({ do: 'variables', names: [] })).answer?.text ?? '')?.[1];

/** Steps into the command that hangs, and does not wait for it. */
async function hang(t: ExecutionContext, lab: StartedLab, connection: DebugConnection): Promise<void> {
	await connection.ask(step);
	await connection.ask(step);
	void connection.ask(step).catch(() => undefined);
	t.deepEqual(await reaches(lab, [true, true]), [true, true]);
}

test.serial('a line separator of Unicode in a command and in a variable ends no message', async (t) => {
	const lab = await readyLab(t);
	const connection = await debug(t, lab);
	t.like(await connection.ask({ do: 'evaluate', command: 'echo a\u2028b' }), { answer: { status: 0 } });
	// The separator itself is washed out of what a guest sends.
	t.is(await doneOf(connection), 'eval echo ab');
	await connection.ask({ do: 'quit' });
	await end(t, lab);
});

test.serial('all machines are halted at a stop; back restores what was', async (t) => {
	const lab = await readyLab(t);
	const connection = await debug(t, lab);
	t.deepEqual(await reaches(lab, [false, false]), [false, false]);
	t.like(await connection.ask(step), { position: { kind: 'at', line: 2, output: 'echo one' } });
	t.like(await connection.ask({ do: 'evaluate', command: 'touch /made' }), { answer: { status: 0 } });
	t.is(await doneOf(connection), 'echo one,eval touch /made');
	t.deepEqual(await running(lab), [false, false]);
	t.like(await connection.ask({ do: 'back', steps: 0 }), { position: { line: 2 } });
	t.is(await doneOf(connection), 'echo one');
	t.like(await connection.ask({ do: 'back', steps: 1 }), { position: { line: 1 } });
	t.is(await doneOf(connection), '');
	await t.throwsAsync(connection.ask({ do: 'back', steps: 1 }), { code: 'usage', message: 'it has stopped 1 times only' });
	t.like(await connection.ask({ do: 'instead', command: 'false', lines: [] }), { answer: { status: 1 } });
	t.like(await connection.ask({ do: 'instead', command: 'true', lines: [] }), { answer: { status: 0 }, position: { line: 2 } });
	t.is(await doneOf(connection), 'instead false,instead true');
	await connection.ask({ do: 'resume' });
	t.deepEqual(await running(lab), [true, true]);
	await connection.ask({ do: 'pause' });
	t.deepEqual(await running(lab), [false, false]);
	t.like(await connection.ask({ do: 'quit' }), { position: { kind: 'ended', startup: 'passed' } });
	t.deepEqual(await running(lab), [true, true]);
	const { nodes } = (await askLab(lab, { op: 'status' })) as LabStatus;
	t.deepEqual(nodes.map(({ stage, startup }) => [stage, startup]), [['started', 'passed'], ['started', 'passed']]);
	await end(t, lab);
});

test.serial('a command that hangs is interrupted, and left by going back', async (t) => {
	const lab = await readyLab(t);
	const connection = await debug(t, lab);
	await connection.ask(step);
	t.like(await connection.ask(step), { position: { line: 3, command: 'hang' } });
	const hanging = connection.ask(step);
	t.deepEqual(await reaches(lab, [true, true]), [true, true]);
	connection.interrupt();
	t.like(await hanging, { position: { kind: 'interrupted' } });
	t.deepEqual(await running(lab), [false, false]);
	await t.throwsAsync(connection.ask({ do: 'evaluate', command: 'true' }), { message: 'a command is still running' });
	t.like(await connection.ask({ do: 'back', steps: 1 }), { position: { line: 3, command: 'hang' } });
	t.like(await connection.ask({ do: 'instead', command: 'true', lines: [] }), { position: { kind: 'ended', startup: 'passed' } });
	t.like(await connection.ask({ do: 'back', steps: 1 }), { position: { line: 3 } });
	await connection.ask({ do: 'quit' });
	await end(t, lab);
});

test.serial('a debugger that goes away lets everything go on, wherever it was', async (t) => {
	const lab = await readyLab(t);
	const first = await debug(t, lab);
	t.deepEqual(await reaches(lab, [false, false]), [false, false]);
	await t.throwsAsync(askLab(lab, { op: 'reset' }), { code: 'usage', message: 'one is being debugged' });
	await t.throwsAsync(askLab(lab, { op: 'resume', node: 'two' }), { message: 'one is being debugged' });
	// Nobody waits for what does not answer, and nothing is begun later that was reported to have failed.
	const halted = { code: 'usage', message: 'two is halted while somebody debugs the lab' } as const;
	await t.throwsAsync(askLab(lab, { op: 'exec', node: 'two', command: 'true', timeoutMs: 5000, maximumBytes: 100 }), halted);
	await t.throwsAsync(askForStream(lab.controlSocket, { op: 'shell', node: 'two', size: { rows: 2, columns: 2 }, terminal: 'vt100' }), halted);
	first.close();
	t.deepEqual(await reaches(lab, [true, true]), [true, true]);
	t.like(await askLab(lab, { op: 'exec', node: 'two', command: 'true', timeoutMs: 5000, maximumBytes: 100 }), { exitCode: 0 });
	const second = await debug(t, lab);
	await hang(t, lab, second);
	second.close();
	t.deepEqual(await reaches(lab, [true, true]), [true, true]);
	await end(t, lab);
});

test.serial('who has the rest of the scripts run, and leaves before they end, has the lab go on', async (t) => {
	const lab = await readyLab(t);
	const connection = await debug(t, lab);
	await hang(t, lab, connection);
	connection.interrupt();
	t.deepEqual(await reaches(lab, [false, false]), [false, false]);
	void connection.ask({ do: 'quit' }).catch(() => undefined);
	t.deepEqual(await reaches(lab, [true, true]), [true, true]);
	await t.throwsAsync(askLab(lab, { op: 'pause', node: 'two' }), { message: 'one is being debugged' });
	connection.close();
	const { last } = await poll(() => askLab(lab, { op: 'pause', node: 'two' }).then(() => true, () => false), Boolean, { intervalMs: 50, deadlineMs: 10_000 });
	t.true(last, 'the lab is nobody’s any more');
	await end(t, lab);
});

test.serial('who comes while somebody is about to debug is refused at once, and does not wait for days', async (t) => {
	const lab = await readyLab(t);
	// Sent in one go: neither has had its turn yet.
	const streaming = askForStream(lab.controlSocket, { op: 'debug', node: 'one' });
	await streaming;
	await t.throwsAsync(askLab(lab, { op: 'reset' }), { code: 'usage', message: 'one is being debugged' });
	await t.throwsAsync(askLab(lab, { op: 'debug', node: 'two' }), { code: 'usage', message: 'one is being debugged' });
	(await streaming).destroy();
	await end(t, lab);
});

test.serial('a node that reboots while another is debugged is reported, and is back when that is over', async (t) => {
	const lab = await readyLab(t);
	const connection = await debug(t, lab);
	t.deepEqual(await reaches(lab, [false, false]), [false, false]);
	await connection.ask({ do: 'resume' });
	const rebooting = [...(await lab.processes())].find(([, command]) => command.includes('fake-qemu') && command.includes('two.qcow2'));
	process.kill(rebooting?.[0] ?? 0, 'SIGUSR2');
	const reported = () => lab.lines.flatMap((line) => (line.type === 'notice' && line.node === 'two' ? [line.message] : []));
	await poll(async () => reported(), (messages) => messages.includes('it is started again once one is no longer debugged'), { intervalMs: 20, deadlineMs: 20_000 });
	t.true(reported().includes('it is started again once one is no longer debugged'), reported().join());
	await connection.ask({ do: 'pause' });
	await connection.ask({ do: 'quit' });
	const stages = async () => ((await askLab(lab, { op: 'status' })) as LabStatus).nodes.map(({ stage, uptimeMs }) => `${stage} ${uptimeMs !== undefined}`);
	const { last } = await poll(stages, (now) => now.every((stage) => stage === 'started true'), { intervalMs: 50, deadlineMs: 20_000 });
	t.deepEqual(last, ['started true', 'started true']);
	t.false(reported().some((message) => message.includes('is not back')), reported().join());
	await end(t, lab);
});

test.serial('what cannot be debugged is refused, and a lab that is debugged can be ended', async (t) => {
	const lab = await readyLab(t);
	await t.throwsAsync(askLab(lab, { op: 'debug', node: 'three' }), { code: 'usage', message: "the lab has no node 'three'" });
	await t.throwsAsync(askLab(lab, { op: 'debug', node: 'one', script: 'other' }), { message: "one has no startup script 'other'" });
	const connection = await debug(t, lab);
	await connection.ask(step);
	await end(t, lab);
	await t.throwsAsync(connection.ask(step), { code: 'control-gone' });
});
