import { ExitCode } from '../base/errors.js';
import { plural } from '../base/format.js';
import { washed, washedText } from '../base/wash.js';
import { hasErrors } from '../plan/check.js';
import { findPlan } from '../plan/find.js';
import { publishedSchema } from '../plan/json-schema.js';
import { recipeTests } from '../plan/recipe-tests.js';
import { resolveLab } from '../plan/resolve.js';
import type { PlanSource } from '../plan/types.js';
import { checkResult, readAndCheck, type CheckedPlan } from '../report/check-result.js';
import { renderFindings, renderLeftOut, renderNotJudged, renderWaived, type NotJudged } from '../report/findings.js';
import { announceTests } from '../scenario/checks.js';

/** `rehearse check`: reads a plan and reports everything that is wrong with it. */

export interface CheckOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	readonly format: 'text' | 'json';
	/** Whether to print the JSON Schema of plans instead. */
	readonly schema: boolean;
	readonly stdout: (text: string) => void;
	readonly color: boolean;
}

/**
 * Checks a plan, without side effects. The exit status is 2 when it found an error, otherwise 0.
 * @throws Failure `usage` when there is no such lab, or its plan is neither JSON nor YAML
 */
export async function checkCommand(options: CheckOptions): Promise<ExitCode> {
	if (options.schema) {
		options.stdout(`${JSON.stringify(publishedSchema(), undefined, 2)}\n`);
		return ExitCode.passed;
	}
	const checked = await readAndCheck(findPlan(options.lab));
	const { source, findings, shown, waived, leftOut, mask } = checked;
	const notJudged = notJudgedOf(checked);
	if (options.format === 'json') {
		options.stdout(mask(`${JSON.stringify({ ...checkResult(checked), not_judged: notJudged }, undefined, 2)}\n`));
	} else {
		if (shown.length > 0) options.stdout(mask(renderFindings(shown, { color: options.color, cwd: process.cwd() })));
		if (!source.document) options.stdout('The other rules look at the plan when its shape is right.\n');
		options.stdout(mask(renderLeftOut(leftOut) + renderNotJudged(notJudged) + renderWaived(waived)));
		if (!hasErrors(findings)) options.stdout(`${describeChecked(source)}\n`);
	}
	return hasErrors(findings) ? ExitCode.usage : ExitCode.passed;
}

/** Assertions that no rehearsal judges. None is known of a plan with errors. Washed, but not masked. */
function notJudgedOf({ source, guest, findings }: CheckedPlan): readonly NotJudged[] {
	if (hasErrors(findings)) return [];
	const tests = announceTests(resolveLab(source, guest).scenarios.flatMap((scenario) => scenario.tests));
	return washed(
		tests.flatMap(({ name: test, assertions }) =>
			assertions.flatMap(({ onVm, title, notJudged: why }) => (why === undefined ? [] : [{ test, on_vm: onVm, assertion: title, why }])),
		),
	);
}

/** `immich-photo-vault: 4 nodes, 4 startup scripts and 10 assertions checked, no errors`. */
function describeChecked({ document, scripts }: PlanSource): string {
	const tests = document
		? [...document.scenarios.flatMap(({ custom_tests: own }) => own), ...recipeTests(document).map(({ test }) => test)]
		: [];
	const assertions = tests.flatMap((test) => test.assertions);
	const nodes = plural(document?.nodes.length ?? 0, 'node');
	const rest = `${plural(scripts.length, 'startup script')} and ${plural(assertions.length, 'assertion')}`;
	return `${washedText(document?.name ?? 'the plan')}: ${nodes}, ${rest} checked, no errors`;
}
