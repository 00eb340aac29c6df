/** Places in the plan of a run, as long as it is the plan that was rehearsed. */
import type { RunState } from '../outcome/state.js';
import { readPlan } from '../plan/read.js';
import { recipeTests } from '../plan/recipe-tests.js';
import { fileNames } from '../plan/resolve.js';
import type { PlanPath, PlanSource } from '../plan/types.js';
import type { FilePlace, PlanPlaces } from './annotations.js';

/** Reads the plan again. For one that was edited since, places have only files and no lines. */
export async function findPlaces({ planPath, planSha256, sources }: RunState, base: string): Promise<PlanPlaces> {
	const read = planPath === '' ? undefined : await readPlan(planPath).catch(() => undefined);
	const source = read?.sha256 === planSha256 ? read : undefined;
	const plan = planPath === '' ? undefined : { file: planPath };
	const locate = (path: PlanPath): FilePlace | undefined => {
		const line = source?.locate(path).line;
		return plan && { ...plan, ...(line === undefined ? {} : { line }) };
	};
	return {
		base,
		plan,
		node(name) {
			const index = source?.document?.nodes.findIndex((node) => node.name === name) ?? -1;
			return index < 0 ? plan : locate(['nodes', index]);
		},
		assertion(test, index) {
			const path = source && assertionPath(source, test, index);
			return path ? locate(path) : plan;
		},
		scriptLine(node, script, line) {
			const file = sources.find((one) => one.node === node && one.script === script)?.file;
			if (file !== undefined) return { file, ...(source && line !== undefined ? { line } : {}) };
			const inline = source && findInline(source, node, script);
			if (!inline) return plan;
			const { lineOffset, path } = inline;
			return plan && line !== undefined && lineOffset !== undefined ? { ...plan, line: line + lineOffset } : locate(path);
		},
	};
}

/** The place of an assertion that is known by its indexes among all tests of the plan; those that recipes bring are the last. */
function assertionPath({ document }: PlanSource, test: number, index: number): PlanPath | undefined {
	if (!document) return undefined;
	const own = document.scenarios.flatMap(({ custom_tests: tests }, scenario) =>
		tests.map((_test, inScenario): PlanPath => ['scenarios', scenario, 'custom_tests', inScenario]),
	);
	const place = [...own, ...recipeTests(document).map(({ path }) => path)][test];
	return place && [...place, 'assertions', index];
}

function findInline({ document, scripts }: PlanSource, node: string, script: string) {
	const nodeIndex = document?.nodes.findIndex(({ name }) => name === node) ?? -1;
	const own = scripts.filter((one) => one.nodeIndex === nodeIndex);
	return own[fileNames(own.map(({ name }) => name)).indexOf(script)];
}
