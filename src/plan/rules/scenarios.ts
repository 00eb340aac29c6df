/** Scenarios, their tests and assertions. */
import { assertionTypes, readAssertion, type AssertionProblem } from '../assertions.js';
import { closest } from '../keys.js';
import { quote } from '../problems.js';
import { recipeTests } from '../recipe-tests.js';
import type { AssertionDocument, ScenarioDocument, TestDocument } from '../schema.js';
import type { PlanPath } from '../types.js';
import type { CheckContext } from './context.js';
import { isPort } from './connections.js';
import type { RuleId } from './table.js';

/** What the compact-lab prompt permits: what proves ports and wiring, and nothing that always holds. */
const compactTypes = ['port_listening', 'command_output', 'http_responds'];

const ruleOfProblem = {
	'unknown-type': 'assertion-type-unknown',
	'unknown-parameter': 'assertion-param-unknown',
	'missing-parameter': 'assertion-param-missing',
	'bad-parameter': 'assertion-param-type',
	'expects-nothing': 'assertion-expects-nothing',
} as const satisfies Record<AssertionProblem['kind'], RuleId>;

/** Scenarios down to the parameters of each assertion. */
export function checkScenarios(context: CheckContext): void {
	const { scenarios } = context.document;
	if (scenarios.length !== 1) {
		const fix = 'put all tests into one scenario of type "group"';
		context.report('scenario-count', ['scenarios'], `there are ${scenarios.length} scenarios, expected exactly one`, fix);
	}
	const names = new Set<string>();
	scenarios.forEach((scenario, index) => {
		const path = ['scenarios', index];
		if (scenario.type !== undefined && scenario.type !== 'group') {
			const message = `"${scenario.type}" is no group scenario`;
			context.report('scenario-count', [...path, 'type'], message, 'write "group"');
		}
		if (scenario.tests.length > 0) {
			const fix = 'move its assertions into custom_tests[].assertions[]';
			context.report('scenario-tests-not-empty', [...path, 'tests'], '"tests" is not run', fix);
		}
		checkTests(context, scenario, path, names);
	});
	for (const { name, test, path, node } of recipeTests(context.document)) checkTest(context, name, withNode(test, node), path);
}

/** The test as it runs on its node. */
const withNode = (test: TestDocument, node: string): TestDocument => ({
	...test,
	assertions: test.assertions.map((assertion) => ({ on_vm: node, ...assertion })),
});

/** `names` are those of the tests before this scenario: results go by the names of tests. */
function checkTests(context: CheckContext, scenario: ScenarioDocument, path: PlanPath, names: Set<string>): void {
	if (scenario.custom_tests.length === 0) {
		const message = `scenario "${scenario.name}" has no tests`;
		context.report('test-empty', [...path, 'custom_tests'], message, 'add a test with an assertion');
	}
	scenario.custom_tests.forEach((test, testIndex) => {
		const testPath = [...path, 'custom_tests', testIndex];
		if (names.has(test.name)) {
			const fix = 'give each test its own name: results go by it';
			context.report('test-name-unique', [...testPath, 'name'], `another test is named "${test.name}"`, fix);
		}
		names.add(test.name);
		checkTest(context, test.name, test, testPath);
	});
}

function checkTest(context: CheckContext, name: string, test: TestDocument, path: PlanPath): void {
	if (test.assertions.length === 0) {
		context.report('test-empty', [...path, 'assertions'], `test "${name}" asserts nothing`, 'add an assertion');
	}
	test.assertions.forEach((assertion, index) => {
		const place = [...path, 'assertions', index];
		checkNode(context, assertion, place);
		checkAssertion(context, assertion, place);
	});
}

function checkNode(context: CheckContext, { on_vm: onVm }: AssertionDocument, path: PlanPath): void {
	// There may be ten thousand nodes, and as many assertions that are right.
	const nodes = () => [...new Set(context.document.nodes.map(({ name }) => name))];
	if (onVm === undefined || onVm === '') {
		context.report('assertion-on-vm-missing', [...path, 'on_vm'], 'the assertion does not name the node that it is made on', () => `add "on_vm" with one of ${nodes().join(', ')}`);
	} else if (!context.document.nodes.some(({ name }) => name === onVm)) {
		const fix = () => {
			const meant = closest(onVm, nodes());
			return meant ? `did you mean "${meant}"?` : `nodes of the plan: ${nodes().join(', ')}`;
		};
		context.report('assertion-on-vm-unknown', [...path, 'on_vm'], `there is no node ${quote(onVm)}`, fix);
	}
}

function checkAssertion(context: CheckContext, assertion: AssertionDocument, path: PlanPath): void {
	const parameters: Readonly<Record<string, unknown>> = { ...assertion, ...assertion.params };
	for (const problem of readAssertion(assertion).problems) {
		const isPortNumber = problem.path.at(-1) === 'port' && typeof parameters['port'] === 'number';
		const rule = isPortNumber && !isPort(parameters['port']) ? 'port-range' : ruleOfProblem[problem.kind];
		context.report(rule, [...path, ...problem.path], problem.message, problem.fix);
	}
	const isKnown = assertionTypes.some((type) => type === assertion.type);
	if (isKnown && !compactTypes.includes(assertion.type)) {
		const message = `${assertion.type} is not permitted in a compact lab`;
		context.report('assertion-type-not-permitted', [...path, 'type'], message, `use ${compactTypes.join(', ')}`);
	}
}
