import { PassThrough } from 'node:stream';
import test from 'ava';
import { parseAgentMessage, sendTime, type AgentMessage } from '../../../src/machine/agent-message.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const parsed = test.macro((t, line: string, expected: AgentMessage | undefined) => t.deepEqual(parseAgentMessage(line), expected));

const status = '{"v1": {}}\n';
test('provisioned, nothing failed', parsed, `provisioned cloud_init=${base64(status)} failed=`, {
	kind: 'provisioned',
	cloudInit: status,
	failedUnits: '',
});
test('provisioned, with text of more bytes than letters', parsed, `provisioned failed=${base64('● bad.service')} cloud_init=\r`, {
	kind: 'provisioned',
	cloudInit: '',
	failedUnits: '● bad.service',
});
test('a script begins', parsed, 'script-started script=lab-alias', { kind: 'script-started', script: 'lab-alias' });
test('all scripts have run', parsed, `started failed=${base64('x')}`, { kind: 'started', failedUnits: 'x' });

const finished = (fields: string, stream = ''): string =>
	`script-finished script=setup ms=1234 ${fields} stream=${base64(stream)}`;
const common = { kind: 'script-finished', script: 'setup', ms: 1234, stream: '' } as const;

const exited = `exited=${Date.UTC(2026, 10, 24, 15, 8, 17)}123`;
const endedAt = Date.UTC(2026, 10, 24, 15, 8, 17) + 0.123;
test('a script passes', parsed, finished(`result=success status=0 ${exited}`, 'done\n'), {
	...common,
	status: 'passed',
	exitCode: 0,
	endedAt,
	stream: 'done\n',
});
test('a script fails', parsed, finished(`result=exit-code status=7 ${exited}`, 'no\n'), {
	...common,
	status: 'failed',
	exitCode: 7,
	endedAt,
	stream: 'no\n',
});
test('a script that runs past its deadline has no exit status', parsed, finished('result=timeout status=15 exited='), {
	...common,
	status: 'timed-out',
});
test('neither has one that was killed', parsed, finished('result=signal status=9 exited=0'), { ...common, status: 'failed' });
test('nor one whose fields are missing; it has not passed', parsed, 'script-finished script=setup', {
	...common,
	ms: 0,
	status: 'failed',
});

test('a snapshot', parsed, 'snapshot data=H4sI', { kind: 'snapshot', data: 'H4sI' });
test('a script that ran another time', (t) => {
	const line = finished('result=success status=0', 'done\n');
	const first = parseAgentMessage(line);
	t.truthy(first);
	t.deepEqual(parseAgentMessage(line.replace('finished', 'repeated')), { ...first, kind: 'script-repeated' } as AgentMessage);
});

for (const line of ['', ' ', 'login:', 'Provisioned', 'provisioned=', '{"kind":"started"}', '\x00\xff']) {
	test(`no message: ${JSON.stringify(line)}`, parsed, line, undefined);
}

test('a guest that asks for the time for ever and never reads fills no memory', (t) => {
	const agent = new PassThrough({ highWaterMark: 1 });
	for (let count = 0; count < 100_000; count++) sendTime(agent);
	t.true(agent.writableLength + agent.readableLength < 70_000);
	t.regex(String(agent.read()), /^clock \d+\n/);
});
