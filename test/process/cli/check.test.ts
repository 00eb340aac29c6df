import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { makeRehearse, plans } from './rehearse.js';

/** Node's permission model: reading is all that is allowed, so a write or a child would be an error. */
const readOnly = [
	process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
	'--allow-fs-read=*',
];

const checks = test.macro({
	title: (_title, plan: string) => `${plan}: checked by reading alone`,
	async exec(t, plan: string, expected: { readonly exitCode: number; readonly stdout: RegExp }) {
		const { rehearse, written } = await makeRehearse(t);
		const { stdout, stderr, exitCode } = await rehearse(['check', path.join(plans, plan)], { node: readOnly });
		t.is(exitCode, expected.exitCode, stderr);
		t.regex(stdout, expected.stdout);
		t.deepEqual(await written(), []);
	},
});

test(checks, 'good/compact.yaml', { exitCode: 0, stdout: /^small-lab: \d+ nodes?, .* no errors\n?$/ });
test(checks, 'good/compact-camel.json', { exitCode: 0, stdout: / no errors\n?$/ });
test(checks, 'alias-syntax.yaml', { exitCode: 2, stdout: /alias-syntax\.yaml:10 {2}error {2}alias-syntax {2}nodes\[0\]\.alias: / });
test(checks, 'architecture.json', { exitCode: 2, stdout: /architecture\.json:\d+ {2}error {2}architecture / });

test('what forbids writing and children does forbid them', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { stderr, exitCode } = await rehearse(['run', '--junit', 'report.xml'], { node: readOnly });
	t.is(exitCode, 2);
	t.regex(stderr, /Access to this API has been restricted/);
});

test('the bundled lab is checked when no lab is named', async (t) => {
	const { rehearse } = await makeRehearse(t);
	t.like(await rehearse(['check'], { node: readOnly }), {
		exitCode: 0,
		stdout: 'immich-photo-vault: 4 nodes, 4 startup scripts and 10 assertions checked, no errors',
	});
});

test('a plan that tries to move cursors and to command a CI runner does neither, whoever quotes it', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const evil = '\x1b[2J\x9b31m\u202e\u2028\n::error file=x::y ##[error]z';
	const plan = path.join(directory, 'plan.json');
	await writeFile(plan, JSON.stringify({ name: evil, [evil]: evil, nodes: [{ name: evil, alias: evil }] }));
	const there = path.join(directory, evil);
	await mkdir(there);
	await copyFile(plan, path.join(there, 'plan.json'));
	for (const command of [['check', plan], ['check', plan, '--json'], ['run', plan], ['image', plan], ['check', there], ['check', there, '--json'], ['run', there]]) {
		const { stdout, stderr, exitCode } = await rehearse(command);
		t.is(exitCode, 2, stderr);
		t.notRegex(stdout + stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]|\\u001b|^\s*::[a-z][^\n]*::|##\[/m, command.join(' '));
	}
	const { stderr } = await rehearse(['check', path.join(there, evil)]);
	t.notRegex(stderr, /[\x1b\x9b]|^\s*::[a-z][^\n]*::|##\[/m);
});

test('findings as JSON, in either way of asking', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const plan = path.join(plans, 'alias-syntax.yaml');
	const [format, json] = await Promise.all([
		rehearse(['check', plan, '--format', 'json']),
		rehearse(['check', plan, '--json']),
	]);
	t.is(format.exitCode, 2);
	t.like(JSON.parse(format.stdout), { schema: 1, plan, findings: [{ rule: 'alias-syntax', severity: 'error' }] });
	t.is(json.stdout, format.stdout);
});

test('the JSON Schema is printed without a plan', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { stdout, exitCode } = await rehearse(['check', '--schema'], { node: readOnly });
	t.is(exitCode, 0);
	t.like(JSON.parse(stdout), { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
});

const coloring = test.macro({
	title: (title) => `colours: ${title}`,
	async exec(t, env: Readonly<Record<string, string>>, onTerminal: boolean, expected: boolean) {
		const { rehearse, terminal } = await makeRehearse(t);
		const args = ['check', path.join(plans, 'alias-syntax.yaml')];
		const { stdout } = await (onTerminal ? terminal : rehearse)(args, { env: { TERM: 'xterm', ...env } });
		t.regex(stdout, /alias-syntax/);
		t.is(stdout.includes('\x1b['), expected);
	},
});

test('on a terminal', coloring, {}, true, true);
test('not on a terminal with NO_COLOR', coloring, { NO_COLOR: '1' }, true, false);
test('not where there is no terminal', coloring, {}, false, false);

const refuses = test.macro({
	title: (_title, args: readonly string[]) => `a broken plan: nothing is started by ${args[0]}`,
	async exec(t, args: readonly string[]) {
		const { rehearse, written } = await makeRehearse(t);
		const [command = '', ...flags] = args;
		const { stdout, stderr, exitCode } = await rehearse([command, path.join(plans, 'many.yaml'), ...flags]);
		t.is(exitCode, 2);
		t.is(stdout, '');
		t.regex(stderr, / {2}error {2}/);
		t.regex(stderr, /has errors; nothing was started/);
		t.deepEqual(await written(), []);
	},
});

test(refuses, ['run', '--junit', 'report.xml']);
test(refuses, ['image']);
test(refuses, ['seed', '--out', 'seeds']);
