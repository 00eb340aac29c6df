/** The tests that recipes bring: they run on the node of the recipe. */
import type { PlanDocument, TestDocument } from './schema.js';
import type { PlanPath } from './types.js';

/** A test of a recipe. */
export interface RecipeTest {
	/** Its own name, or one with that of the node where another test has the same: results go by it. */
	readonly name: string;
	readonly test: TestDocument;
	readonly path: PlanPath;
	/** The node on which its assertions are made that name none. */
	readonly node: string;
}

/** The tests under `tests`, and those under `test_config` unless it switches them off, in the order of the nodes. */
export function recipeTests({ nodes, scenarios }: PlanDocument): RecipeTest[] {
	const brought = nodes.flatMap(({ name: node, recipe: { tests, test_config: config } }, index) => {
		const path = ['nodes', index, 'recipe'];
		return [
			...tests.map((test, at) => ({ test, path: [...path, 'tests', at], node })),
			...(config?.enabled === false ? [] : (config?.tests ?? [])).map((test, at) => ({ test, path: [...path, 'test_config', 'tests', at], node })),
		];
	});
	const counts = new Map<string, number>();
	const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
	for (const { custom_tests: tests } of scenarios) for (const { name } of tests) count(name);
	for (const { test } of brought) count(test.name);
	const given = new Set<string>();
	return brought.map((one) => {
		const stem = (counts.get(one.test.name) ?? 0) > 1 ? `${one.node}: ${one.test.name}` : one.test.name;
		let name = stem;
		for (let again = 2; given.has(name); again++) name = `${stem} (${again})`;
		given.add(name);
		return { ...one, name };
	});
}
