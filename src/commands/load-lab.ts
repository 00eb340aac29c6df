import { usageFailure } from '../base/errors.js';
import { readGuestDefinition } from '../image/guest.js';
import type { Lab } from '../lab/lab.js';
import { checkPlan, hasErrors } from '../plan/check.js';
import { withDefaultTests } from '../plan/default-tests.js';
import { findPlan } from '../plan/find.js';
import { readPlan } from '../plan/read.js';
import { resolveLab } from '../plan/resolve.js';
import { renderFindings, renderLeftOut } from '../report/findings.js';
import type { Terminal } from './terminal.js';

/** What the command line adds to a plan. */
export interface LabOptions {
	/** How long a startup script may take for which the plan says nothing, in seconds, on a host as fast as OpenFactory. */
	readonly scriptTimeoutSeconds?: number | undefined;
	/** Whether OpenFactory's own default tests run as well. */
	readonly defaultTests?: boolean;
}

/**
 * Reads and checks a plan and resolves it. Findings, and what a rehearsal does without, go to stderr.
 * @throws Failure (usage, exit 2) when the plan has errors
 */
export async function loadLab(
	lab: string,
	{ stderr, stderrColor }: Pick<Terminal, 'stderr' | 'stderrColor'>,
	{ scriptTimeoutSeconds, defaultTests = false }: LabOptions = {},
): Promise<Lab> {
	const [source, guest] = await Promise.all([readPlan(findPlan(lab)), readGuestDefinition()]);
	const findings = checkPlan(source, guest.features);
	if (findings.length > 0) stderr.write(renderFindings(findings, { color: stderrColor, cwd: process.cwd() }));
	if (hasErrors(findings)) throw usageFailure(`${source.path} has errors; nothing was started`);
	const resolved = resolveLab(source, guest);
	stderr.write(renderLeftOut(resolved.leftOut));
	const limited = scriptTimeoutSeconds === undefined ? resolved : withScriptTimeout(resolved, scriptTimeoutSeconds);
	return defaultTests ? withDefaultTests(limited) : limited;
}

/** The limit of the command line, where the plan gives a script none of its own. */
const withScriptTimeout = (lab: Lab, timeoutSeconds: number): Lab => ({
	...lab,
	nodes: lab.nodes.map((node) => ({
		...node,
		startupScripts: node.startupScripts.map((script) => ({ timeoutSeconds, ...script })),
	})),
});
