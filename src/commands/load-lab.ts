import { usageFailure } from '../base/errors.js';
import { readGuestDefinition } from '../image/guest.js';
import type { Lab } from '../lab/lab.js';
import { checkPlan, hasErrors } from '../plan/check.js';
import { findPlan } from '../plan/find.js';
import { readPlan } from '../plan/read.js';
import { resolveLab } from '../plan/resolve.js';
import { renderFindings } from '../report/findings.js';
import type { Terminal } from './terminal.js';

/** Reads, checks and resolves a plan. Findings go to stderr. @throws Failure `usage` when the plan has errors */
export async function loadLab(lab: string, { stderr, stderrColor }: Pick<Terminal, 'stderr' | 'stderrColor'>): Promise<Lab> {
	const [source, guest] = await Promise.all([readPlan(findPlan(lab)), readGuestDefinition()]);
	const findings = checkPlan(source, guest.features);
	if (findings.length > 0) stderr.write(renderFindings(findings, { color: stderrColor, cwd: process.cwd() }));
	if (hasErrors(findings)) throw usageFailure(`${source.path} has errors; nothing was started`);
	return resolveLab(source);
}
