/** Messages about a plan's keys have the spelling that the plan uses. */
import test from 'ava';
import { toCamelCase, toSnakeCase } from '../../../src/plan/keys.js';
import { validatePlan } from '../../../src/plan/problems.js';
import { parsePlanTree } from '../../../src/plan/tree.js';

const fixes = (recipe: object): string[] => {
	const node = { name: 'a', role: 'r', x: 0, y: 0, memory: 1024, disk: '8 GB', alias: '10.9.0.2/24', recipe };
	return validatePlan(parsePlanTree(JSON.stringify({ name: 'x', nodes: [node] }), 'plan.json')).problems.map(({ fix }) => fix);
};

test('of a plan in camelCase keys are reported in camelCase', (t) => {
	t.deepEqual(fixes({ testConfig: {}, startupScripts: [], baseImag: 'x' }), ['did you mean "baseImage"?']);
});

test('of a plan in snake_case keys are reported in snake_case', (t) => {
	t.deepEqual(fixes({ test_config: {}, startup_scripts: [], base_imag: 'x' }), ['did you mean "base_image"?']);
});

test('what is missing in a plan in camelCase has its place in camelCase', (t) => {
	const tree = parsePlanTree('{"nodes": [{"recipe": {"testConfig": {}}}]}', 'plan.json');
	t.is(tree.locate(['nodes', 0, 'recipe', 'base_image']).path, 'nodes[0].recipe.baseImage');
});

const isSpelled = test.macro({
	title: (_title, snake: string, camel: string) => `${snake} is ${camel}`,
	exec(t, snake: string, camel: string) {
		t.is(toCamelCase(snake), camel);
		t.is(toSnakeCase(camel), snake);
	},
});

test(isSpelled, 'base_image', 'baseImage');
test(isSpelled, 'expected_output', 'expectedOutput');
test(isSpelled, 'name', 'name');
