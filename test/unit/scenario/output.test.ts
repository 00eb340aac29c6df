import test from 'ava';
import { commandOutput } from '../../../src/scenario/output.js';
import { ended, rows } from './rows.js';

const outputs = rows(commandOutput);
test(
	'output: contained',
	outputs,
	{ command: '', expect: { contains: 'server-ok', exitCode: 0 } },
	ended('x server-ok\n'),
	true,
);
test(
	'output: not contained',
	outputs,
	{ command: '', expect: { contains: 'server-ok', exitCode: 0 } },
	ended('server\n'),
	/with "server-ok", saw exit status 0 and stdout "server"/,
);
test(
	'output: contained, but failed',
	outputs,
	{ command: '', expect: { contains: 'ok', exitCode: 0 } },
	ended('ok', 22, 'curl: (22) 500\n'),
	/saw exit status 22 \(curl: \(22\) 500\)/,
);
test(
	'output: only on stderr',
	outputs,
	{ command: '', expect: { contains: 'ok', exitCode: 0 } },
	ended('', 0, 'ok\n'),
	/stdout ""/,
);
test(
	'output: equal but for blanks around',
	outputs,
	{ command: '', expect: { equals: 'a\nb', exitCode: 0 } },
	ended('a\nb\n\n'),
	true,
);
test(
	'output: more than equal',
	outputs,
	{ command: '', expect: { equals: 'a', exitCode: 0 } },
	ended('a b'),
	/expected exit status 0 and stdout "a", saw .* "a b"/,
);
test('output: a match as Python writes it', outputs, { command: '', expect: { matches: '(?i)\\AV[[:digit:]]+\\Z', exitCode: 0 } }, ended('v12\n'), true);
test('output: a match', outputs, { command: '', expect: { matches: '^v\\d+$', exitCode: 0 } }, ended('v12\n'), true);
test(
	'output: a match of the newline',
	outputs,
	{ command: '', expect: { matches: 'v\\d+\\n', exitCode: 0 } },
	ended('v12\n'),
	true,
);
test(
	'output: no match',
	outputs,
	{ command: '', expect: { matches: '^\\d', exitCode: 0 } },
	ended('v12\n'),
	/that matches \/\^\\d\//,
);
test('output: the exit status expected', outputs, { command: '', expect: { exitCode: 3 } }, ended('', 3), true);
test(
	'output: success where a failure is expected',
	outputs,
	{ command: '', expect: { exitCode: 3 } },
	ended(''),
	/expected exit status 3, saw exit status 0/,
);
test(
	'output: every expectation counts',
	outputs,
	{ command: '', expect: { contains: 'a', matches: 'b', exitCode: 0 } },
	ended('a'),
	/"a" and stdout that matches/,
);
test(
	'output: a long one is cut',
	outputs,
	{ command: '', expect: { equals: 'a', exitCode: 0 } },
	ended('x'.repeat(500)),
	/"x{200}…"/,
);

const judged = (matches: string, stdout: string) => commandOutput.judge({ type: 'command_output', onVm: 'box', command: '', expect: { matches, exitCode: 0 } }, ended(stdout));
test('output: a pattern that goes back and forth for days is given up', (t) => {
	t.throws(() => judged('^(\\w+\\s?)*$', `${'a'.repeat(60)}!`), { message: /^the pattern .* is not decided within 2\.0 s: write it/ });
});
test('output: a pattern that is too much for a long output', (t) => {
	t.throws(() => judged('(.|\\n)*ready', 'a'.repeat(8_000_000)), { message: /^the pattern .* is too much for this output/ });
});
