/**
 * `rehearse check`: everything wrong with a plan at once, without doing anything. The rules are in rules/, one file
 * a subject; rules/table.ts lists them.
 */
import { checkAddresses } from './rules/addresses.js';
import { checkCommands } from './rules/commands.js';
import { checkConnections } from './rules/connections.js';
import { CheckContext, type FeaturePackages, type Finding } from './rules/context.js';
import { checkForbidden } from './rules/forbidden.js';
import { checkLocales } from './rules/locales.js';
import { checkNames } from './rules/names.js';
import { checkRecipes } from './rules/recipes.js';
import { checkScenarios } from './rules/scenarios.js';
import { checkScripts } from './rules/scripts.js';
import { shapeFindings } from './rules/shape.js';
import { checkWaivers } from './rules/waivers-used.js';
import { checkWarnings } from './rules/warnings.js';
import type { Waived } from '../lab/lab.js';
import type { PlanSource } from './types.js';

export type { FeaturePackages, Finding } from './rules/context.js';
export { ruleTable, type Rule, type RuleId } from './rules/table.js';

/**
 * All findings, in the order of the plan. For a plan whose shape is wrong they are only of that: the other rules need a
 * document to look at. `features` are those that images can be built with.
 */
export function checkPlan(source: PlanSource, features: FeaturePackages): Finding[] {
	const shape = shapeFindings(source);
	if (!source.document) return shape;
	const context = new CheckContext(source, source.document, features);
	for (const check of checks) check(context);
	return context.findings(shape);
}

const checks: readonly ((context: CheckContext) => void)[] = [
	checkNames,
	checkRecipes,
	checkAddresses,
	checkScripts,
	checkForbidden,
	checkCommands,
	checkLocales,
	checkConnections,
	checkScenarios,
	checkWarnings,
	// The last: it looks at what the others have found.
	checkWaivers,
];

/** Whether a run would be refused. */
export const hasErrors = (findings: readonly Finding[]): boolean =>
	findings.some(({ severity, waived }) => severity === 'error' && waived === undefined);

/** The findings that their author waives, as every report repeats them: the place, and why. */
export const waivedOf = (findings: readonly Finding[]): readonly Waived[] =>
	findings.flatMap(({ rule, path, file, line, message, waived }) =>
		waived === undefined ? [] : [{ rule, path, ...(file === undefined || line === undefined ? {} : { file, line }), message, why: waived }],
	);
