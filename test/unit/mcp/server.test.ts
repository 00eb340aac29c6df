/** Jobs and failures of the program, without either. */
import type { McpServer } from '@modelcontextprotocol/server';
import test from 'ava';
import { z } from 'zod';
import { Jobs, waitFor } from '../../../src/mcp/jobs.js';
import type { Job, JobView } from '../../../src/mcp/job.js';
import { failureOf } from '../../../src/mcp/program.js';
import { defineTool, readOnly } from '../../../src/mcp/tool.js';
import { isEvilJson as isEvil } from '../base/evil.js';

const viewOf = (run: string, state: JobView['state']): JobView => ({ run, kind: 'run', state, lab: 'web', plan: '/p', elapsedMs: 0, progress: [] });

class FakeJob implements Job {
	readonly keepsLab = false;
	readonly id: string;
	closed = 0;
	isOver = false;

	constructor(id: string) {
		this.id = id;
	}

	view = () => Promise.resolve(viewOf(this.id, this.isOver ? 'passed' : 'running'));
	cancel = () => this.close();
	close = () => {
		this.closed += 1;
		return Promise.resolve();
	};
}

test('so many go on at once and no more; what is refused was not even made', async (t) => {
	const jobs = new Jobs();
	const begun = Array.from({ length: 6 }, (_, index) => jobs.begin(() => new FakeJob(`run-${index}`)));
	t.throws(() => jobs.begin((): FakeJob => t.fail() as never), { code: 'usage', message: /^6 go on already: run-0, / });
	const [first] = begun;
	if (first) first.isOver = true;
	t.is(jobs.begin(() => new FakeJob('another')).id, 'another');
	t.is(jobs.get('run-0'), first);
	await jobs.close();
	t.true(begun.every(({ closed }) => closed === 1));
	t.throws(() => jobs.begin(() => new FakeJob('late')), { message: 'this server is ending' });
});

test('a wait ends with the job, at its time, or with the client', async (t) => {
	const signal = new AbortController().signal;
	const looks: JobView['state'][] = ['running', 'passed'];
	t.is((await waitFor(() => Promise.resolve(viewOf('a', looks.shift() ?? 'error')), 5, signal)).state, 'passed');
	t.is((await waitFor(() => Promise.resolve(viewOf('a', 'running')), 0, signal)).state, 'running');
	const giving = AbortSignal.abort(new Error('gone'));
	await t.throwsAsync(waitFor(() => Promise.resolve(viewOf('a', 'running')), 5, giving), { message: 'gone' });
});

test('ids of what has no run of its own are never the same', (t) => {
	const jobs = new Jobs();
	t.deepEqual([jobs.nextId('r', 'test'), jobs.nextId('r', 'test'), jobs.nextId('r', 'change')], ['r.test-1', 'r.test-2', 'r.change-3']);
});

test('why the program ended is reported with its own message', (t) => {
	t.like(failureOf('rehearse: the run x is no evidence\n  it was not cold\nhint: rehearse it cold\n', 2), { code: 'usage', message: 'the run x is no evidence', detail: '  it was not cold', hint: 'rehearse it cold' });
	t.like(failureOf('', 4), { code: 'program', message: 'rehearse ended with exit status 4 and no message' });
	t.like(failureOf('[ 0.1s] a line of progress\nrehearse: no \x1b[31mroom\n', 3), { message: 'no room', detail: '[ 0.1s] a line of progress' });
});

test('whatever a tool answers, in its value, its text and its links, is washed', async (t) => {
	const evil = 'x\x1b[2J\x9b31m\u202e\u2028\n::error file=a::y ##[error]z ##vso[task]u ##teamcity[v]';
	const tool = defineTool({
		...{ name: 'look', title: 'Look', description: '', hints: readOnly, input: z.strictObject({}) },
		output: z.object({ found: z.array(z.object({ name: z.string() })), by: z.record(z.string(), z.string()) }),
		answer: () => Promise.resolve({ value: { found: [{ name: evil }], by: { [evil]: evil } }, links: [{ uri: 'rehearse://x', name: evil, mimeType: 'text/plain' }] }),
	});
	let call: ((args: object, context: object) => Promise<object>) | undefined;
	tool.register({ registerTool: (_name: string, _config: object, handler: typeof call) => (call = handler) } as unknown as McpServer);
	const answer = await call?.({}, { mcpReq: { signal: new AbortController().signal } });
	t.like(answer, { structuredContent: { found: [{ name: 'x\n: :error file=a::y # #[error]z # #vso[task]u # #teamcity[v]' }] } });
	t.false(isEvil(JSON.stringify(answer)), JSON.stringify(answer));
});
