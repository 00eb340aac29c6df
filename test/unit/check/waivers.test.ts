/** Findings that their author has waived where they are. */
import test from 'ava';
import { hasErrors, ruleTable, waivedOf } from '../../../src/plan/check.js';
import { isWaivable } from '../../../src/plan/rules/table.js';
import { checkText, readText } from './helpers.js';

const general = readText('good/general.yaml');
const withScript = (script: string): string => general.replace(/script: .*/, () => `script: ${JSON.stringify(script)}`);
const alias = 'ip addr add 10.72.0.10/24 dev eth0';

const waives = test.macro({
	title: (title, text: string) => title || JSON.stringify(text.slice(0, 90)),
	exec(t, plan: string, expected: readonly (readonly [rule: string, waived: boolean])[]) {
		const findings = checkText(plan);
		t.deepEqual(findings.map(({ rule, waived }) => [rule, waived !== undefined]), expected as unknown as [string, boolean][]);
		t.is(hasErrors(findings), findings.some(({ severity, waived }) => severity === 'error' && waived === undefined));
		t.is(waivedOf(findings).length, expected.filter(([, isWaived]) => isWaived).length);
	},
});
const script = (text: string): string => withScript(`${alias}\n${text}`);

test('behind the command', waives, script('jq . x # rehearse: waive command-undeclared'), [['command-undeclared', true]]);
test('above the command', waives, script('# rehearse: waive command-undeclared: brought by hand\n\n# and a comment\njq . x'), [['command-undeclared', true]]);
test('above another command', waives, script('# rehearse: waive command-undeclared\ntrue\njq . x'), [['command-undeclared', false], ['waiver-unused', false]]);
test('one of two commands', waives, script('jq . x # rehearse: waive command-undeclared\nunzip y'), [['command-undeclared', true], ['command-undeclared', false]]);
test('at the head, for the whole script', waives, withScript(`#!/bin/bash\n# rehearse: waive command-undeclared\n${alias}\njq . x\nunzip y`), [
	['command-undeclared', true],
	['command-undeclared', true],
]);
test('several rules', waives, script('jq . x; if true # rehearse: waive command-undeclared, script-syntax (known)'), [['script-syntax', true], ['command-undeclared', true]]);
test('of the whole plan', waives, script('jq . x').replace('nodes:', 'waive: [command-undeclared]\nnodes:'), [['command-undeclared', true]]);
test('of the node', waives, script('jq . x').replace('role: app', 'waive: [{ rule: command-undeclared, why: it is on the stick }]\n    role: app'), [['command-undeclared', true]]);
test('of the node that an assertion elsewhere is on', (t) => {
	const asks = '        assertions:\n          - { type: command_output, on_vm: web, command: "dig x", exit_code: 0 }\n';
	const plan = (waive: string): string => general.replace('role: app', `${waive}role: app`).replace('        assertions:\n', asks);
	const found = (text: string) => checkText(text).filter(({ rule }) => /command-undeclared|waiver/.test(rule)).map(({ rule, waived }) => [rule, waived !== undefined]);
	t.deepEqual(found(plan('')), [['command-undeclared', false]]);
	t.deepEqual(found(plan('waive: [command-undeclared]\n    ')), [['command-undeclared', true]]);
});
test('a warning', waives, withScript('true').replace('role: app', 'waive: [alias-not-added]\n    role: app'), [['alias-not-added', true]]);
test('a rule that nothing breaks', waives, general.replace('nodes:', 'waive: [alias-alone]\nnodes:'), [['waiver-unused', false]]);
test('a rule that there is not', waives, script('true # rehearse: waive comand-undeclared'), [['waiver-invalid', false]]);
test('a rule without which there is no lab', waives, general.replace('nodes:', 'waive: [alias-syntax]\nnodes:'), [['waiver-invalid', false]]);
test('a waiver of waivers', waives, general.replace('nodes:', 'waive: [waiver-unused]\nnodes:'), [['waiver-invalid', false]]);
test('comments that are none', waives, script('echo "# rehearse the waivers"\n# rehearse: that'), []);

test('of another node', (t) => {
	const [head = '', node = ''] = script('jq . x').slice(0, general.indexOf('scenarios:')).split('nodes:\n');
	const other = node.replace('name: web', 'name: db').replaceAll('10.72.0.10', '10.72.0.20').replace('role: app', 'waive: [command-undeclared]\n    role: app');
	const findings = checkText(`${head}nodes:\n${node.slice(0, node.indexOf('scenarios:') === -1 ? undefined : node.indexOf('scenarios:'))}${other}`).filter(({ rule }) => rule === 'command-undeclared');
	t.deepEqual(findings.map(({ path, waived }) => [path.slice(0, 8), waived]), [['nodes[0]', undefined], ['nodes[1]', 'by the plan']]);
});

test('what was waived is reported with its place and its reason', (t) => {
	const [waived] = waivedOf(checkText(script('jq . x').replace('role: app', 'waive: [{ rule: command-undeclared, why: it is on the stick }]\n    role: app')));
	t.like(waived, { rule: 'command-undeclared', path: 'nodes[0].recipe.startup_scripts[0].script', why: 'by the plan: it is on the stick' });
	t.regex(waived?.message ?? '', /^line 2 of the script: jq is used, but web does not declare jq$/);
	const [commented] = waivedOf(checkText(script('jq . x # rehearse: waive command-undeclared: on purpose')));
	t.is(commented?.why, 'by a comment in line 2: on purpose');
});

test('what cannot be waived is an error about the plan itself', (t) => {
	for (const { id, severity, applies } of ruleTable) {
		if (!isWaivable(id)) t.true(id.startsWith('waiver-') || (severity === 'error' && applies === 'always'), id);
	}
	t.false(isWaivable('plan-schema'));
});
