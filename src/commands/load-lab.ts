import { usageFailure } from '../base/errors.js';
import { maskOf } from '../base/secrets.js';
import { washed } from '../base/wash.js';
import { readGuestDefinition } from '../image/guest.js';
import type { Lab } from '../lab/lab.js';
import { checkPlan, hasErrors } from '../plan/check.js';
import { findPlan } from '../plan/find.js';
import { passwordsIn, readPlan } from '../plan/read.js';
import { resolveLab } from '../plan/resolve.js';
import { renderFindings } from '../report/findings.js';
import type { Terminal } from './terminal.js';

/** A lab with the text of its plan, as it was read and hashed. */
export interface LoadedPlan {
	readonly lab: Lab;
	readonly planText: string;
}

/** The lab of a plan, as `loadPlan` has it. */
export const loadLab = async (lab: string, terminal: Pick<Terminal, 'stderr' | 'stderrColor'>): Promise<Lab> => (await loadPlan(lab, terminal)).lab;

/**
 * Reads and checks a plan and resolves it. Findings go to stderr.
 * @throws Failure (usage, exit 2) when the plan has errors
 */
export async function loadPlan(lab: string, { stderr, stderrColor }: Pick<Terminal, 'stderr' | 'stderrColor'>): Promise<LoadedPlan> {
	const [source, guest] = await Promise.all([readPlan(findPlan(lab)), readGuestDefinition()]);
	const findings = washed(checkPlan(source, guest.features));
	const mask = maskOf(source.document ? passwordsIn(source.document) : []);
	if (findings.length > 0) stderr.write(mask(renderFindings(findings, { color: stderrColor, cwd: process.cwd() })));
	if (hasErrors(findings)) throw usageFailure(`${source.path} has errors; nothing was started`);
	return { lab: resolveLab(source), planText: source.text };
}
