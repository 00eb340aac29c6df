/** `read_log` of a lab that is up: what a guest's log may be like, through a real control socket. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { endOf } from '../../../src/base/format.js';
import { serveControl } from '../../../src/control/server.js';
import type { Context } from '../../../src/mcp/context.js';
import { logTool } from '../../../src/mcp/tools/logs.js';
import { run } from '../../../src/process/run.js';
import type { CommandAnswer, LabRequest } from '../../../src/protocol/requests.js';
import { answerFrom, type ToolAnswer } from './client.js';

interface Log {
	readonly guest_lines: readonly { readonly line: number; readonly text: string }[];
	readonly total_lines: number;
	readonly is_cut: boolean;
}

/** What a guest's command has written, and what the supervisor answers then. */
const answerTo = (written: string, errors = '') => ({ maximumBytes }: Extract<LabRequest, { op: 'exec' }>): CommandAnswer => ({
	...{ stdout: endOf(written, maximumBytes), stdoutBytes: Buffer.byteLength(written) },
	...{ stderr: endOf(errors, maximumBytes), stderrBytes: Buffer.byteLength(errors) },
	...{ exitCode: 0, timedOut: false, ms: 1 },
});

/** Calls the tool on a run whose lab is up, and whose guest answers so. */
async function readLog(t: ExecutionContext, log: string, answer: ReturnType<typeof answerTo>, args: object = {}): Promise<ToolAnswer<Log>> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'logs-'));
	const cleanup = new CleanupStack();
	t.teardown(async () => {
		await cleanup.run();
		await rm(directory, { recursive: true });
	});
	const controlSocket = path.join(directory, 'control');
	await serveControl(controlSocket, async ({ request }) => answer(request as Extract<LabRequest, { op: 'exec' }>), cleanup);
	const run = { id: 'a', directory, state: { planPath: path.join(directory, 'none.yaml'), nodes: [{ name: 'web', scripts: [] }] } };
	const runs = { find: () => Promise.resolve(run), live: () => Promise.resolve([{ runDirectory: directory, controlSocket }]) };
	const tool = logTool({ runs, masks: new Map() } as unknown as Context);
	let call: ((args: object, extra: object) => Promise<unknown>) | undefined;
	tool.register({ registerTool: (_name: string, _definition: object, called: typeof call) => (call = called) } as never);
	const result = await call?.({ node: 'web', log, limit: 100, ...args }, { mcpReq: { signal: new AbortController().signal } });
	return answerFrom<Log>(result as never);
}

for (const log of ['journal', 'startup', 'cloud-init']) {
	test(`the end of a ${log} of 6 MiB is read, also where each of its letters is two in JSON`, async (t) => {
		const line = `${'"\\'.repeat(600)}\n`;
		const count = Math.ceil((6 * 2 ** 20) / line.length);
		const written = `${line.repeat(count)}the last`;
		const { value, error } = await readLog(t, log, answerTo(written, written));
		t.is(error, undefined);
		t.is(value.guest_lines.at(-1)?.text, 'the last');
		t.true(value.is_cut);
		// Lines are counted from the first that is looked at.
		t.is(value.guest_lines.at(-1)?.line, value.total_lines);
		t.true(value.total_lines > 500 && value.total_lines < count);
		const first = await readLog(t, log, answerTo(written), { from: 1, limit: 1 });
		t.is(first.value.guest_lines[0]?.line, 1);
		t.true(first.value.is_cut);
	});
}

test('the output of startup scripts comes without the traces that are among it', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'output-'));
	t.teardown(() => rm(directory, { recursive: true }));
	let command = '';
	const answered = await readLog(t, 'startup', (request) => ((command = request.command), answerTo('')(request)));
	t.is(answered.error, undefined);
	const here = command.replace('/run/rehearse', directory);
	t.not((await run(['bash', '-c', here], { allowFailure: true })).exitCode, 0, 'there is no output');
	await writeFile(path.join(directory, 'a.output'), 'one\n\x1e+ 1.0 0 0 0 0 0 3 | 0  > echo two\ntwo\n');
	await writeFile(path.join(directory, 'b.output'), 'asks: \x1e+ 1.0 0 0 0 0 0 4 | 0  > read\n[y]\n');
	t.is((await run(['bash', '-c', here])).stdout.trimEnd(), 'one\ntwo\nasks: [y]');
});

test('a log that is short is read whole', async (t) => {
	const { value } = await readLog(t, 'journal', answerTo('one\ntwo\n'));
	t.like(value, { guest_lines: [{ line: 1, text: 'one' }, { line: 2, text: 'two' }], total_lines: 2, is_cut: false });
});

test('one of more lines than are asked for is cut, however short they are', async (t) => {
	t.true((await readLog(t, 'journal', answerTo('x\n'.repeat(5000)))).value.is_cut);
});
