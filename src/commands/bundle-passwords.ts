/** The passwords that a run's files may contain: what `rehearse bundle` searches them for. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { usageFailure } from '../base/errors.js';
import { isStandIn, type DeclaredPassword } from '../base/secrets.js';
import { manifestName, parseBundleManifest } from '../bundle/manifest.js';
import type { RunState } from '../outcome/state.js';
import { passwordsIn, readPlan } from '../plan/read.js';
import { isFromElsewhere, readPlanCopy } from '../runs/stored-runs.js';

/**
 * Reads the passwords that were declared for a run: from its copy of the plan, or from the plan itself where they are masked
 * in the copy. Each is taken for the plan of the run only where it has the hash that the run was announced with.
 * @param mustBeKnown whether it has to be certain that these are all
 * @throws Failure `usage` when they must be known and are not
 */
export async function declaredPasswords(directory: string, state: RunState, mustBeKnown: boolean): Promise<readonly DeclaredPassword[]> {
	const copy = await readPlanCopy(directory);
	const declared = copy?.document ? passwordsIn(copy.document) : [];
	const known = isFromElsewhere(directory) ? undefined : await passwordsOfPlan([copy?.path ?? '', state.planPath], state.planSha256);
	if (!mustBeKnown) return known ?? declared;
	const failure = (why: string) => usageFailure(why, { hint: 'rehearse the lab again and bundle that run, or bundle this one without --redact' });
	const unknown = (why: string) => failure(`the passwords of this run are not known: ${why}`);
	const isMasked = declared.some(({ password }) => isStandIn(password));
	if (state.hasFurtherPasswords) throw unknown('a reload has brought others than its copy of the plan has');
	if (known) return known;
	if (!copy) throw failure(`the passwords of the plan are not known: ${directory} has no copy of it`);
	if (isFromElsewhere(directory)) {
		if (isMasked && !(await wasRedacted(directory))) throw unknown('they are masked in its copy of the plan, and it was rehearsed elsewhere');
		return declared;
	}
	throw unknown(`${isMasked ? 'they are masked in its copy of the plan' : 'its copy of the plan is not all that was rehearsed'}, and ${state.planPath || 'the plan'} has changed since`);
}

/** The passwords of the first of these plans that has that hash; nothing where none has. */
async function passwordsOfPlan(files: readonly string[], hash: string): Promise<readonly DeclaredPassword[] | undefined> {
	for (const file of files.filter((one) => one !== '')) {
		const plan = await readPlan(file).catch(() => undefined);
		if (plan?.document && plan.sha256 === hash) return passwordsIn(plan.document);
	}
	return undefined;
}

/** Whether passwords were left out of a bundle that was opened: then none is in it. */
async function wasRedacted(directory: string): Promise<boolean> {
	return parseBundleManifest(await readFile(path.join(directory, manifestName), 'utf8')).redacted;
}
