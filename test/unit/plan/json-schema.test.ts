import { readFile } from 'node:fs/promises';
import test from 'ava';
import { parse } from 'yaml';
import { assertionTypes, parameterNames } from '../../../src/plan/assertions.js';
import { findPlan } from '../../../src/plan/find.js';
import { publishedSchema } from '../../../src/plan/json-schema.js';
import { violations, type Schema } from './validator.js';

const schema = publishedSchema() as Schema;

const bundled = async () => JSON.parse(await readFile(findPlan('immich-photo-vault'), 'utf8')) as Record<string, unknown>;

test('it names the version of JSON Schema', (t) => {
	t.is(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
});

test('the bundled plan is valid', async (t) => {
	t.deepEqual(violations(await bundled(), schema), []);
});

test('a wrong plan is not', async (t) => {
	const { name: _name, profile: _profile, ...rest } = await bundled();
	t.deepEqual(violations({ ...rest, profile: 'tiny', colour: 'red' }, schema), [
		'.name: required',
		'.profile: enum',
		'.colour: unknown',
	]);
});

test("a plan with OpenFactory's canonical recipe is valid", async (t) => {
	t.deepEqual(violations(parse(await readFile('test/recipes/canonical/plan.yaml', 'utf8')), schema), []);
});

const isValidNode = test.macro({
	title: (_title, keys: object) => `a node: ${JSON.stringify(keys)}`,
	exec(t, keys: object, expected: readonly string[]) {
		const found = violations({ name: 'x', nodes: [{ memory: 1024, disk: '8 GB', recipe: {}, ...keys }] }, schema);
		t.deepEqual(found.map((text) => text.replace('.nodes[0]', '')), expected);
	},
});
test(isValidNode, { name: 'a' }, []);
test(isValidNode, { node_id: 'a', alias: '10.70.0.1/24' }, []);
test(isValidNode, { node_id: 'a', aliases: ['10.70.0.1/24'] }, []);
test(isValidNode, {}, [': anyOf']);
test(isValidNode, { name: 'a', recipe: { os: { packages: ['jq'] }, users: [{ username: 'ops', keys: 'ssh-ed25519 AAAA' }] } }, []);
test(isValidNode, { name: 'a', recipe: { os: { pakages: [] } } }, ['.recipe.os.pakages: unknown']);
test(isValidNode, { name: 'a', recipe: { services: ['nginx', { name: 'ssh', config: { port: 2222 } }] } }, []);
test(isValidNode, { name: 'a', recipe: { custom_packages: [{ name: 'x' }], desktop: { theme: 'dark' } } }, []);

test('a plan may name its schema', async (t) => {
	t.deepEqual(violations({ $schema: './plan.schema.json', ...(await bundled()) }, schema), []);
});

const hasViolations = test.macro({
	async exec(t, assertion: object, expected: readonly string[]) {
		const scenario = { name: 's', custom_tests: [{ name: 't', assertions: [assertion] }] };
		const found = violations({ ...(await bundled()), scenarios: [scenario] }, schema);
		t.deepEqual(found.map((text) => text.replace(/.*assertions\[0\]/, '')), expected);
	},
	title: (_, assertion) => JSON.stringify(assertion),
});
test(hasViolations, { type: 'port_listening', params: { port: 80 } }, []);
test(hasViolations, { type: 'port_listening', port: 80 }, []);
test(
	hasViolations,
	{ type: 'port_listening', params: { prot: 'tcp' } },
	['.params.port: required', '.params.prot: unknown'],
);
test(hasViolations, { type: 'port_listening', on_vm: 'one' }, ['.port: required']);

test('every assertion type is described with its parameters', (t) => {
	const text = JSON.stringify(schema);
	for (const type of assertionTypes) {
		t.true(text.includes(`"const":"${type}"`), type);
		for (const name of parameterNames(type)) t.true(text.includes(`"${name}":`), `${type}.${name}`);
	}
});
