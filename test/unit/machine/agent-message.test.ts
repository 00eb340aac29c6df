import test from 'ava';
import { parseAgentMessage, type AgentMessage } from '../../../src/machine/agent-message.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const parsed = test.macro((t, line: string, expected: AgentMessage | undefined) => t.deepEqual(parseAgentMessage(line), expected));

const status = '{"v1": {}}\n';
test('provisioned, nothing failed', parsed, `provisioned cloud_init=${base64(status)} failed=`, {
	kind: 'provisioned',
	cloudInit: status,
	failedUnits: '',
});
test('provisioned, with words of more bytes than letters', parsed, `provisioned failed=${base64('● bad.service')} cloud_init=\r`, {
	kind: 'provisioned',
	cloudInit: '',
	failedUnits: '● bad.service',
});
test('a script begins', parsed, 'script-started script=lab-alias', { kind: 'script-started', script: 'lab-alias' });
test('all scripts have run', parsed, `started failed=${base64('x')}`, { kind: 'started', failedUnits: 'x' });

const finished = (fields: string, output = '', trace = ''): string =>
	`script-finished script=setup ms=1234 ${fields} output=${base64(output)} trace=${base64(trace)}`;
const common = { kind: 'script-finished', script: 'setup', ms: 1234 } as const;

test('a script passes: its trace says nothing of a failure', parsed, finished('result=success status=0', 'done\n', '+ 3 true\n'), {
	...common,
	status: 'passed',
	exitCode: 0,
	output: 'done\n',
});
test('a script fails', parsed, finished('result=exit-code status=7', 'no\n', '+ 1 set -e\n+ 3 curl -f localhost\n'), {
	...common,
	status: 'failed',
	exitCode: 7,
	failedLine: 3,
	failedCommand: 'curl -f localhost',
	output: 'no\n',
});
test('a script that runs past its deadline has no exit status', parsed, finished('result=timeout status=15', '', '+ 9 sleep 1000\n'), {
	...common,
	status: 'timed-out',
	failedLine: 9,
	failedCommand: 'sleep 1000',
	output: '',
});
test('neither has one that was killed', parsed, finished('result=signal status=9'), { ...common, status: 'failed', output: '' });
test('nor one whose fields are missing; it has not passed', parsed, 'script-finished script=setup', {
	...common,
	ms: 0,
	status: 'failed',
	output: '',
});

for (const line of ['', ' ', 'login:', 'Provisioned', 'provisioned=', '{"kind":"started"}', '\x00\xff']) {
	test(`no message: ${JSON.stringify(line)}`, parsed, line, undefined);
}
