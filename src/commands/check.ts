/** `rehearse check`: reads a plan and reports everything that is wrong with it. */
import { ExitCode } from '../base/errors.js';
import { plural } from '../base/format.js';
import { readGuestDefinition } from '../image/guest.js';
import { checkPlan, hasErrors } from '../plan/check.js';
import { findPlan } from '../plan/find.js';
import { publishedSchema } from '../plan/json-schema.js';
import { readPlan } from '../plan/read.js';
import type { PlanSource } from '../plan/types.js';
import { renderFindings } from '../report/findings.js';

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
	const [source, guest] = await Promise.all([readPlan(findPlan(options.lab)), readGuestDefinition()]);
	const findings = checkPlan(source, guest.features);
	if (options.format === 'json') {
		options.stdout(`${JSON.stringify({ schema: 1, plan: source.path, findings }, undefined, 2)}\n`);
	} else {
		if (findings.length > 0) options.stdout(renderFindings(findings, { color: options.color, cwd: process.cwd() }));
		if (!source.document) options.stdout('The other rules check the plan once these errors are fixed.\n');
		if (!hasErrors(findings)) options.stdout(`${describeChecked(source)}\n`);
	}
	return hasErrors(findings) ? ExitCode.usage : ExitCode.passed;
}

/** `immich-photo-vault: 4 nodes, 4 startup scripts and 10 assertions checked, no errors`. */
function describeChecked({ document, scripts }: PlanSource): string {
	const assertions = document?.scenarios.flatMap(({ custom_tests: tests }) => tests.flatMap((test) => test.assertions));
	const nodes = plural(document?.nodes.length ?? 0, 'node');
	const rest = `${plural(scripts.length, 'startup script')} and ${plural(assertions?.length ?? 0, 'assertion')}`;
	return `${document?.name ?? 'the plan'}: ${nodes}, ${rest} checked, no errors`;
}
