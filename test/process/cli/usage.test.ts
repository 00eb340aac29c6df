import { readFileSync } from 'node:fs';
import test from 'ava';
import { quote } from '../../../src/base/shell.js';
import { run } from '../../../src/process/run.js';
import { makeRehearse, program } from './rehearse.js';

const commands = ['run', 'check', 'image', 'seed', 'report', 'trace', 'doctor', 'prune'];

test('--help lists the commands on stdout', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { stdout, stderr, exitCode } = await rehearse(['--help']);
	t.is(exitCode, 0);
	t.is(stderr, '');
	for (const command of commands) t.regex(stdout, new RegExp(`^  rehearse ${command}\\b`, 'm'));
});

const helps = test.macro({
	title: (_title, command: string) => `rehearse ${command} --help describes its flags and does nothing`,
	async exec(t, command: string) {
		const { rehearse, written } = await makeRehearse(t);
		const { stdout, exitCode } = await rehearse([command, '--help']);
		t.is(exitCode, 0);
		t.regex(stdout, new RegExp(`^rehearse ${command}\\b`));
		t.regex(stdout, /^ +--json /m);
		t.deepEqual(await written(), []);
	},
});

for (const command of commands) test(helps, command);

test('a server whose root is not there is bad usage, and sends nothing on stdout, which is for the protocol', async (t) => {
	const { rehearse, written } = await makeRehearse(t);
	const { stdout, stderr, exitCode } = await rehearse(['mcp', '--root', 'none']);
	t.is(exitCode, 2);
	t.is(stdout, '');
	t.regex(stderr, /^rehearse: --root none cannot be read: no such file or directory$/);
	t.deepEqual(await written(), []);
});

test('the name of a run is taken in one form only', async (t) => {
	const { rehearse } = await makeRehearse(t);
	t.like(await rehearse(['run', '--run-id', '../x']), { exitCode: 2, stderr: 'rehearse: --run-id ../x: expected a name such as 20260101T120000-my-lab-0a1b' });
});

test('--version', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
	const { stdout, exitCode } = await rehearse(['--version']);
	t.is(exitCode, 0);
	const [own, qemu, images, ...others] = stdout.split('\n');
	t.is(own, `rehearse ${version}`);
	t.regex(qemu ?? '', /^QEMU {5}\d+\.\d+/);
	t.regex(images ?? '', /^images {3}debian-trixie [0-9a-f]{16}, debian-bookworm [0-9a-f]{16}$/);
	t.deepEqual(others, []);
});

test('--version where there is no QEMU', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const { stdout, exitCode } = await rehearse(['--version'], { env: { PATH: directory } });
	t.is(exitCode, 0);
	t.regex(stdout, /\nQEMU {5}not found\n/);
});

const isMisuse = test.macro({
	title: (title, args: readonly string[]) => title ?? `bad usage: rehearse ${args.map(quote).join(' ')}`,
	async exec(t, args: readonly string[], expected: RegExp, env: Readonly<Record<string, string>> = {}) {
		const { rehearse, written } = await makeRehearse(t);
		const { stdout, stderr, exitCode } = await rehearse(args, { env });
		t.is(exitCode, 2);
		t.is(stdout, '');
		t.regex(stderr, expected);
		t.deepEqual(await written(), []);
	},
});

test(isMisuse, [], /^rehearse: a command is needed\nhint: /);
test(isMisuse, ['frobnicate'], /^rehearse: unknown command: frobnicate\nhint: .*--help/);
test(isMisuse, ['chek'], /^rehearse: unknown command: chek\nhint: did you mean `rehearse check`\?/);
test(isMisuse, ['check', '--frobnicate'], /^rehearse: unknown flag: --frobnicate\nhint: `rehearse check --help` has its flags/);
test(isMisuse, ['check', 'one', 'two'], /^rehearse: `rehearse check` does not take two\nhint: rehearse check \[LAB\]/);
test(isMisuse, ['check', 'no-such-lab'], /^rehearse: no lab "no-such-lab".*\nhint: bundled labs: immich-photo-vault/);
test(isMisuse, ['check', '--format', 'xml'], /^rehearse: --format xml: expected text, json\nhint: /);
test(isMisuse, ['run', '--accel', 'hax'], /^rehearse: --accel hax: expected auto, kvm, tcg\nhint: /);
test(isMisuse, ['run'], /^rehearse: REHEARSE_PATIENCE=lots: expected a number from 1 to 100/, { REHEARSE_PATIENCE: 'lots' });
test(isMisuse, ['run', '--timeout', '0'], /--timeout: expected seconds above 0/);
test(isMisuse, ['run', '--timeout', '-5'], /--timeout: expected seconds above 0/);
test(isMisuse, ['run', '--timeout', 'soon'], /--timeout: expected seconds above 0/);
test(isMisuse, ['run', '--timeout='], /--timeout is empty/);
test(isMisuse, ['run', '--timeout', '1e9'], /--timeout: expected seconds above 0, 2147483 at most/);
test(isMisuse, ['run', '--timeout'], /^rehearse: --timeout needs a value/);
test(isMisuse, ['run', '--keep'], /^rehearse: --keep: expected never, on-failure, always\nhint: /);
test(isMisuse, ['run', '--cold=perhaps'], /^rehearse: --cold=perhaps: expected 1 or 0/);
test(isMisuse, ['run', '--junit='], /--junit is empty/);
test(isMisuse, ['seed'], /seed needs a directory to write to\nhint: rehearse seed --out DIR/);
test(isMisuse, ['report', 'nowhere'], /"nowhere" is not a run/);
test(isMisuse, ['report', '--html', '20260101T120000-web-0a1b'], /that is the name of a run.*\nhint: rehearse report 20260101T120000-web-0a1b --html$/);
test(isMisuse, ['check', '--', 'lab'], /^rehearse: nothing goes behind -- here: lab\nhint: /);
test(isMisuse, ['report'], /there is no run in/);
test(isMisuse, ['trace'], /^rehearse: NODE is missing\nhint: rehearse trace NODE/);
test(isMisuse, ['trace', 'web'], /no startup script of web has run in any run in .*\nhint: `rehearse run` runs them/);
test(isMisuse, ['trace', 'web', '--slow', 'very'], /--slow: expected milliseconds/);
test('bad usage: REHEARSE_NO_TRACE=2', isMisuse, ['run'], /REHEARSE_NO_TRACE=2: expected 1 or 0/, { REHEARSE_NO_TRACE: '2' });
test('bad usage: REHEARSE_ACCEL=hax', isMisuse, ['run'], /^rehearse: REHEARSE_ACCEL=hax: expected auto, kvm, tcg/, { REHEARSE_ACCEL: 'hax' });
test('bad usage: REHEARSE_JSON=perhaps', isMisuse, ['check'], /REHEARSE_JSON=perhaps: expected 1 or 0/, {
	REHEARSE_JSON: 'perhaps',
});

test('flags come from the environment, and a flag of another command is none of this one', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const env = { REHEARSE_JSON: '1', REHEARSE_KEEP: 'always', REHEARSE_NO_SETUP: '1', REHEARSE_FORMAT: '' };
	const { stdout, exitCode } = await rehearse(['check'], { env });
	t.is(exitCode, 0);
	t.like(JSON.parse(stdout), { schema: 1, findings: [] });
});

test('the command line outweighs the environment', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { stdout } = await rehearse(['check', '--no-json'], { env: { REHEARSE_JSON: '1' } });
	t.regex(stdout, /^immich-photo-vault: /);
});

test('a flag that is given twice counts the second time', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { stdout, exitCode } = await rehearse(['check', '--format', 'json', '--format', 'text']);
	t.is(exitCode, 0);
	t.regex(stdout, /^immich-photo-vault: /);
});

test('a reader that goes away does not break the program', async (t) => {
	const commandLine = `${quote(process.execPath)} ${quote(program)} check --schema; echo "status $?" >&2`;
	const { stdout, stderr } = await run(['sh', '-c', `{ ${commandLine}; } | head -n 1`], { timeoutMs: 60_000 });
	t.is(stdout, '{');
	t.is(stderr, 'status 0');
});
