import test from 'ava';
import { findLine, locateFailure, withoutTrace, type FailurePlace } from '../../../src/machine/trace.js';

const located = test.macro((t, raw: { output?: string; trace?: string }, expected: FailurePlace) =>
	t.deepEqual(locateFailure({ output: '', trace: '', ...raw }), expected));

test('bash: the last command traced', located, { trace: '+ 1 set -e\n+ 2 IFACE=eth0\n+ 4 false\n' }, {
	failedLine: 4,
	failedCommand: 'false',
});
test('bash: within a substitution the depth grows', located, { trace: '+ 5 f\n++ 2 curl localhost\n+++ 3 jq .\n' }, {
	failedLine: 3,
	failedCommand: 'jq .',
});
test('bash: a word of several lines does not hide its command', located, { trace: "+ 7 python3 -c 'import sys\nsys.exit(3)'\n" }, {
	failedLine: 7,
	failedCommand: "python3 -c 'import sys",
});
test('bash: a trace that begins in the middle of a line', located, { trace: 'ig -t x\n+ 12 false\n' }, {
	failedLine: 12,
	failedCommand: 'false',
});
test('dash: the marked lines of what it wrote', located, { output: 'hello\n\x1e+ 2 echo hello\n\x1e+ 3 false\nbye\n' }, {
	failedLine: 3,
	failedCommand: 'false',
});
test('what only looks like a trace is output', located, { output: '+ 3 false\n' }, {});
test('nothing traced: nobody knows', located, { output: 'Traceback (most recent call last):\n' }, {});
test('an empty trace is none', located, { trace: '\n' }, {});

const trace = '+ 1 echo a\n';
test('bash: a syntax error is later than the last command', located, {
	output: "a\n/run/seed/startup/x: line 4: syntax error near unexpected token `fi'\n/run/seed/startup/x: line 4: `fi'\n",
	trace,
}, { failedLine: 4 });
test('bash: the end of the file came too early', located, {
	output: '/run/seed/startup/x: line 9: syntax error: unexpected end of file\n',
	trace,
}, { failedLine: 9 });
test('dash: a syntax error', located, { output: 'a\n/run/seed/startup/x: 5: Syntax error: end of file unexpected (expecting "fi")\n' }, {
	failedLine: 5,
});

test('dash of Debian knows no line numbers: the command is told all the same', located, { output: 'a\n\x1e+  echo a\n\x1e+  false\n' }, {
	failedCommand: 'false',
});
test('bash 5.2: a quotation without end', located, {
	output: 'a\n/run/seed/startup/x: line 2: unexpected EOF while looking for matching `"\'\n',
	trace,
}, { failedLine: 2 });
test("a syntax error of somebody else's is not the script's", located, {
	output: 'psql:/root/bootstrap.sql:12: ERROR:  syntax error at or near "VECTR"\n',
	trace: '+ 30 psql --file /root/bootstrap.sql\n',
}, { failedLine: 30, failedCommand: 'psql --file /root/bootstrap.sql' });

test('output without what a trace added to it', (t) => {
	t.is(withoutTrace('one\n\x1e+ 2 echo two\ntwo\n'), 'one\ntwo\n');
	t.is(withoutTrace('+ 2 not a trace'), '+ 2 not a trace');
	t.is(withoutTrace(''), '');
});

const found = test.macro((t, place: FailurePlace, script: string, failedLine: number | undefined) =>
	t.is(findLine(place, script).failedLine, failedLine));

test('a command without a line is found where one line holds it', found, { failedCommand: 'false' }, '#!/bin/sh\ntrue\nfalse\n', 3);
test('but not where two do', found, { failedCommand: 'false' }, 'false\nfalse\n', undefined);
test('nor where none does: it was expanded', found, { failedCommand: 'cat /etc/x' }, 'cat "$file"\n', undefined);
test('a line that was traced stands', found, { failedLine: 7, failedCommand: 'false' }, 'false\n', 7);
