/** A startup script that is stepped through, forwards and back, in a real machine. */
import test from 'ava';
import { addScript, editLab } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { runTool } from './support/tool.js';

const patience = 10 * 60_000;

const script = [
	'#!/bin/bash',
	'set -e',
	'echo one >/root/one',
	'sleep 1000 &',
	'echo "slept by $$"',
	'cat /nonexistent/file',
	'echo last >/root/last',
];

/** What is typed, and what is shown of it up to the next. */
const typed: readonly (readonly [command: string, shown: RegExp])[] = [
	['n', /▶ +3 +echo one/],
	['n', /▶ +4 +sleep 1000/],
	['u 6', /│ slept by \d+\n.*▶ +6 +cat/s],
	['e pgrep -x sleep && cat /root/one', /│ \d+\n│ one\n/],
	['back 2', /restored in .*▶ +3 +echo one/s],
	['e pgrep -x sleep || cat /root/one', /│ cat: \/root\/one: No such file.*\nstatus 1/],
	['vars', /^$/],
	['c', /│ cat: \/nonexistent\/file: No such file.*failed with status 1/s],
	['r cp /root/one /root/two', /▶ +7 +echo last/],
	['c', /✔ steps passed\nbox: its startup scripts have passed; the lab continues\n$/],
];

test.serial('back restores files and processes, and another command takes the place of a line', async (t) => {
	t.timeout(patience);
	const sandbox = await makeSandbox(t, 'shared', 'warm');
	const lab = await editLab(sandbox, 'single', (plan) => addScript(plan, 'box', 'steps', script));
	const does = async (status: number, args: readonly string[], input?: string) => {
		const ended = await runTool(sandbox, args, input === undefined ? {} : { input });
		t.is(ended.status, status, `rehearse ${args.join(' ')}\n${ended.stderr}${ended.stdout}`);
		return ended;
	};
	await does(1, ['up', lab]);
	t.regex((await does(2, ['debug', 'box', '--script', 'none'])).stderr, /box has no startup script 'none'/);
	const input = typed.map(([command]) => `${command}\n`).join('');
	const { stdout } = await does(0, ['debug', 'box', '--script', 'steps'], input);
	t.log(stdout);
	const [first = '', ...shown] = stdout.split(/^\(box\) .*\n/m);
	t.regex(first, /▶ +2 +set -e\n/);
	for (const [index, [command, expected]] of typed.entries()) t.regex(shown[index] ?? '', expected, command);
	t.is((await does(0, ['exec', 'box', '--user', 'root', '--', 'cat', '/root/one', '/root/two', '/root/last'])).stdout, 'one\none\nlast\n');
	t.regex((await does(0, ['status'])).stdout, /started/);
	await does(0, ['down']);
	t.deepEqual(await sandbox.leftovers(10_000), []);
});
