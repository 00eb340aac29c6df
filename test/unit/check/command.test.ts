import { join } from 'node:path';
import test from 'ava';
import { checkCommand } from '../../../src/commands/check.js';
import { renderFindings, type ShownFinding } from '../../../src/report/findings.js';
import { single, writeFiles } from '../plan/plans.js';
import { plansDirectory } from './helpers.js';

async function check(lab: string, options: { format?: 'text' | 'json'; schema?: boolean } = {}) {
	let output = '';
	const stdout = (text: string): void => void (output += text);
	const exitCode = await checkCommand({ lab, format: 'text', schema: false, color: false, ...options, stdout });
	return { exitCode, output };
}

test('a good plan: exit status 0 and one line of what was looked at', async (t) => {
	t.deepEqual(await check('immich-photo-vault'), {
		exitCode: 0,
		output: 'immich-photo-vault: 4 nodes, 4 startup scripts and 10 assertions checked, no errors\n',
	});
});

test('a broken plan: exit status 2 and its findings', async (t) => {
	const { exitCode, output } = await check(join(plansDirectory, 'script-syntax.file.yaml'));
	t.is(exitCode, 2);
	t.regex(output, /startup\/unclosed\.sh:4 {2}error {2}script-syntax {2}\S+: expected 'fi'/);
	t.regex(output, /\n1 error\n$/);
});

test('a plan of wrong shape: the other rules are reported as waiting', async (t) => {
	const { exitCode, output } = await check(join(plansDirectory, 'plan-schema.yaml'));
	t.is(exitCode, 2);
	t.regex(output, /other rules/);
});

test('what a rehearsal leaves out is noted, and costs no status', async (t) => {
	const { exitCode, output } = await check('test/recipes/reference');
	t.is(exitCode, 0);
	t.regex(output, /^Left out of a rehearsal:\n {2}note {2}nodes\[0\]\.recipe\.custom_packages: /);
	t.regex(output, /1 node, 1 startup script and 2 assertions checked, no errors\n$/);
	const { output: json } = await check('test/recipes/reference', { format: 'json' });
	const { left_out: leftOut } = JSON.parse(json) as { left_out: { path: string; why: string }[] };
	t.is(leftOut.length, 9);
	t.deepEqual(Object.keys(leftOut[0] ?? {}), ['path', 'why']);
});

test('assertions that no rehearsal judges are noted with the reason, and cost no status', async (t) => {
	const asks = { type: 'http_responds', on_vm: 'one', url: 'https://www.example.org/' };
	const plan = { ...single(), scenarios: [{ name: 'a', custom_tests: [{ name: 'the world', assertions: [asks, { type: 'vm_boots', on_vm: 'one' }] }] }] };
	const lab = join(await writeFiles(t, { 'plan.json': JSON.stringify(plan) }), 'plan.json');
	const { exitCode, output } = await check(lab);
	t.is(exitCode, 0);
	t.regex(output, /^Not judged in a rehearsal:\n {2}note {2}the world › one: .*https:\/\/www\.example\.org\/.*: www\.example\.org is in the world outside, .*\n.*no errors\n$/m);
	const { output: json } = await check(lab, { format: 'json' });
	t.like(JSON.parse(json), { not_judged: [{ test: 'the world', on_vm: 'one' }] });
	t.like(JSON.parse((await check('immich-photo-vault', { format: 'json' })).output), { not_judged: [] });
});

test('findings as JSON', async (t) => {
	const plan = join(plansDirectory, 'alias-syntax.yaml');
	const { exitCode, output } = await check(plan, { format: 'json' });
	t.is(exitCode, 2);
	const result = JSON.parse(output) as { findings: ShownFinding[] };
	t.like(result, { schema: 1, plan });
	t.like(result.findings, [
		{ rule: 'alias-syntax', severity: 'error', path: 'nodes[0].alias', file: plan, line: 10 },
	]);
});

test('the JSON Schema', async (t) => {
	const { exitCode, output } = await check('immich-photo-vault', { schema: true });
	t.is(exitCode, 0);
	t.like(JSON.parse(output), { type: 'object', properties: { nodes: { type: 'array' } } });
});

test('no such lab is bad usage', async (t) => {
	await t.throwsAsync(check('no-such-lab'), { name: 'Failure', code: 'usage' });
});

const plan = '/home/ann/lab/plan.json';
const findings: ShownFinding[] = [
	{ rule: 'lab-name', severity: 'error', path: 'name', file: plan, line: 2, message: 'no label', fix: 'write one' },
	{
		rule: 'script-name',
		severity: 'warning',
		path: 'nodes[0]',
		file: '/home/ann/lab/a.sh',
		line: 7,
		message: 'no name',
		fix: 'give one',
	},
	{ rule: 'dns-invalid', severity: 'error', path: 'nodes[1]', file: plan, message: 'no address', fix: 'repair it' },
];

test('findings of a file are together, with places relative to here, and are counted', (t) => {
	t.is(
		renderFindings(findings, { color: false, cwd: '/home/ann' }),
		`lab/plan.json:2  error  lab-name  name: no label
    write one
lab/plan.json  error  dns-invalid  nodes[1]: no address
    repair it

lab/a.sh:7  warning  script-name  nodes[0]: no name
    give one

2 errors, 1 warning
`,
	);
});

test('colour changes nothing but colour', (t) => {
	const colored = renderFindings(findings, { color: true, cwd: '/' });
	t.regex(colored, /\x1b\[31merror/);
	t.is(colored.replace(/\x1b\[\d+m/g, ''), renderFindings(findings, { color: false, cwd: '/' }));
});
