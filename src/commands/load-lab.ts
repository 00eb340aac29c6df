import { usageFailure } from '../base/errors.js';
import { washed } from '../base/wash.js';
import { packageSet } from '../image/guest.js';
import type { Lab } from '../lab/lab.js';
import { hasErrors } from '../plan/check.js';
import { withDefaultTests } from '../plan/default-tests.js';
import { findPlan } from '../plan/find.js';
import { resolveLab } from '../plan/resolve.js';
import { readAndCheck } from '../report/check-result.js';
import { renderFindings, renderLeftOut, renderWaived } from '../report/findings.js';
import type { Terminal } from './terminal.js';

/** What the command line adds to a plan. */
export interface LabOptions {
	/** How long a startup script may take for which the plan has no time, in seconds, on a host as fast as OpenFactory. */
	readonly scriptTimeoutSeconds?: number | undefined;
	/** Whether OpenFactory's own default tests run as well. */
	readonly defaultTests?: boolean;
}

/** A lab with the text of its plan, as it was read and hashed. */
export interface LoadedPlan {
	readonly lab: Lab;
	readonly planText: string;
}

/** The lab of a plan, as `loadPlan` has it. */
export const loadLab = async (lab: string, terminal: Pick<Terminal, 'stderr' | 'stderrColor'>, options: LabOptions = {}): Promise<Lab> =>
	(await loadPlan(lab, terminal, options)).lab;

/**
 * Reads and checks a plan and resolves it. Findings, and what a rehearsal does without, go to stderr.
 * @throws Failure (usage, exit 2) when the plan has errors
 */
export async function loadPlan(
	lab: string,
	{ stderr, stderrColor }: Pick<Terminal, 'stderr' | 'stderrColor'>,
	{ scriptTimeoutSeconds, defaultTests = false }: LabOptions = {},
): Promise<LoadedPlan> {
	const { source, guest, findings, shown, waived, mask } = await readAndCheck(findPlan(lab));
	if (shown.length > 0) stderr.write(mask(renderFindings(shown, { color: stderrColor, cwd: process.cwd() })));
	if (hasErrors(findings)) throw usageFailure(`${source.path} has errors; nothing was started`);
	const resolved = { ...resolveLab(source, guest), ...(waived.length > 0 ? { waived } : {}) };
	stderr.write(mask(renderLeftOut(washed(resolved.leftOut)) + renderWaived(waived)));
	const limited = scriptTimeoutSeconds === undefined ? resolved : withScriptTimeout(resolved, scriptTimeoutSeconds);
	return { lab: defaultTests ? withDefaultTests(limited, { features: guest.features, packagesOf: (node) => packageSet(node, { ...guest, base: [] }) }) : limited, planText: source.text };
}

/** The limit of the command line, where the plan gives a script none of its own. */
const withScriptTimeout = (lab: Lab, timeoutSeconds: number): Lab => ({
	...lab,
	nodes: lab.nodes.map((node) => ({
		...node,
		startupScripts: node.startupScripts.map((script) => ({ timeoutSeconds, ...script })),
	})),
});
