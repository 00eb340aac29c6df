/** What an assertion compares with is the text as it is written, though it may be read as a number. */
import test from 'ava';
import { readAssertion } from '../../../src/plan/assertions.js';
import type { AssertionDocument } from '../../../src/plan/schema.js';
import { asserting, read } from './plans.js';

const yamlOf = (entry: string): string =>
	`name: a\nx: 0\nnodes: [{ name: one, memory: 1024, disk: 8 GB, recipe: {} }]\nscenarios: [{ name: s, custom_tests: [{ name: t, assertions: [${entry}] }] }]\n`.replace('x: 0\n', '');

const texts: readonly (readonly [written: string, text: string])[] = [
	['1.10', '1.10'], ['0640', '0640'], ['1e3', '1e3'], ['12345678901234567890', '12345678901234567890'], ['+22', '+22'], ['0x1F', '0x1F'],
	['0o640', '0o640'], ['1.0', '1.0'], ['True', 'True'], ['42', '42'], ['true', 'true'], ['-0', '-0'], ['.5', '.5'], ['"1.10"', '1.10'], ['12:30:45', '12:30:45'],
];

for (const [written, text] of texts) {
	for (const [form, of] of [['beside', (entry: string) => `{ type: command_output, on_vm: one, command: c, ${entry} }`], ['in params', (entry: string) => `{ type: command_output, on_vm: one, params: { command: c, ${entry} } }`]] as const) {
		test(`equals: ${written}, ${form}`, async (t) => {
			const { document } = await read(t, yamlOf(of(`equals: ${written}`)));
			const assertion = document?.scenarios[0]?.custom_tests[0]?.assertions[0] as AssertionDocument;
			t.like(readAssertion(assertion).assertion, { expect: { equals: text } });
		});
	}
}

test('keys that are compared with', async (t) => {
	for (const key of ['expected', 'expected_output', 'expectedOutput', 'contains', 'matches']) {
		const { document } = await read(t, yamlOf(`{ type: command_output, on_vm: one, command: c, ${key}: 1.10 }`));
		const read_ = readAssertion(document?.scenarios[0]?.custom_tests[0]?.assertions[0] as AssertionDocument);
		t.like(read_.assertion, { expect: { [key === 'matches' ? 'matches' : 'contains']: '1.10' } }, key);
	}
	const { document } = await read(t, yamlOf('{ type: package_installed, on_vm: one, package: p, version: 1.10 }'));
	t.like(readAssertion(document?.scenarios[0]?.custom_tests[0]?.assertions[0] as AssertionDocument).assertion, { version: '1.10' });
});

test('numbers stay numbers', async (t) => {
	const { document } = await read(t, yamlOf('{ type: port_listening, on_vm: one, port: 22.0 }, { type: command_output, on_vm: one, command: c, exit_code: 0x1 }'));
	const [port, code] = document?.scenarios[0]?.custom_tests[0]?.assertions ?? [];
	t.like(readAssertion(port!).assertion, { port: 22 });
	t.like(readAssertion(code!).assertion, { expect: { exitCode: 1 } });
});

test('the mode of a file is octal, whatever it is written as', async (t) => {
	const modeOf = async (written: string) => {
		const { document } = await read(t, yamlOf(`{ type: file_exists, on_vm: one, path: /etc/x, mode: ${written} }`));
		return readAssertion(document?.scenarios[0]?.custom_tests[0]?.assertions[0] as AssertionDocument);
	};
	for (const written of ['0640', '640', '"0640"', '0o640']) t.like((await modeOf(written)).assertion, { mode: '0640' }, written);
	for (const written of ['0x1a0', '4.16e2', '-640', '0980']) t.like((await modeOf(written)).problems[0], { kind: 'bad-parameter', path: ['mode'] }, written);
});

test('by an alias and by a merge', async (t) => {
	const text = yamlOf('{ <<: &m { type: command_output, on_vm: one, command: c, equals: &v 1.10 } }, { type: command_output, on_vm: one, command: c, equals: *v }');
	const { document } = await read(t, text);
	for (const each of document?.scenarios[0]?.custom_tests[0]?.assertions ?? []) t.like(readAssertion(each).assertion, { expect: { equals: '1.10' } });
});

test('in JSON', async (t) => {
	for (const written of ['1.10', '1e3', '12345678901234567890', '-0']) {
		const text = JSON.stringify(asserting({ type: 'command_output', on_vm: 'one', command: 'c', equals: 'HERE' })).replace('"HERE"', written);
		const { parsePlanTree } = await import('../../../src/plan/tree.js');
		const { validatePlan } = await import('../../../src/plan/problems.js');
		const { document } = validatePlan(parsePlanTree(text, 'plan.json'));
		t.like(readAssertion(document?.scenarios[0]?.custom_tests[0]?.assertions[0] as AssertionDocument).assertion, { expect: { equals: written } });
	}
});
