import test from 'ava';
import { encodeDebugCommand, isVariableName, parseDebugMessage } from '../../../src/machine/debugging/messages.js';

test('a stop is read with everything that is in it', (t) => {
	const line = String.raw`at	setup	line	12		1	2	echo "a\tb" \\n	one\ntwo\r\n`;
	t.deepEqual(parseDebugMessage(line), {
		kind: 'at',
		script: 'setup',
		isFatal: false,
		line: 12,
		source: '',
		depth: 1,
		status: 2,
		command: 'echo "a\tb" \\n',
		output: 'one\ntwo\r\n',
	});
	t.like(parseDebugMessage('at\tsetup\tfatal\t3\t/etc/os-release\t0\t1\tfalse\t\r\n'), { isFatal: true, source: '/etc/os-release', output: '' });
});

test('an answer is read', (t) => {
	t.deepEqual(parseDebugMessage(String.raw`answer	1	declare -- a="\\"\n`), { kind: 'answer', status: 1, text: 'declare -- a="\\"\n' });
});

test('anything else is none of its messages', (t) => {
	for (const line of ['', 'at', 'at\t1\t2', 'answer\t1', 'started failed=']) t.is(parseDebugMessage(line), undefined, line);
});

test('commands are a line each', (t) => {
	t.is(encodeDebugCommand({ request: 'go', mode: 'over', depth: 1, lines: [3, 7] }, 5000), 'go\tover 1 5000 3,7\n');
	t.is(encodeDebugCommand({ request: 'skip', mode: 'step', depth: 0, lines: [] }, 5000), 'skip\tstep 0 5000 \n');
	t.is(encodeDebugCommand({ request: 'eval', command: 'echo "\\n\t"\nfalse' }, 0), String.raw`eval	echo "\\n\t"\nfalse` + '\n');
	t.is(encodeDebugCommand({ request: 'variables', names: ['a', '$(reboot)', 'b'] }, 0), 'variables\ta b\n');
});

test('names of variables', (t) => {
	t.deepEqual(['a', '_B1', '1', 'a b', ''].map(isVariableName), [true, true, false, false, false]);
});
