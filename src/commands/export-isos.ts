/** What `rehearse iso` has written of a lab, for an export of its run. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf, usageFailure } from '../base/errors.js';
import { hashOfFile } from '../base/files.js';
import { digestIn, isoNames, isoPath, wantedIsos, type WantedIso } from '../evidence/isos.js';
import type { ExportedFile } from '../evidence/layout.js';
import type { RunState } from '../outcome/state.js';
import type { PlanSource } from '../plan/types.js';

/**
 * The files beside the ISOs of a lab's nodes, by the names that they have in an export. A node may have no ISO.
 * @throws Failure `usage`, with each reason, where there is none at all, or one is not as it was made, of another recipe or
 * of other startup scripts, or not the one that its node booted in the run
 */
export async function readIsos(directory: string, plan: PlanSource, state: Pick<RunState, 'nodes'>): Promise<readonly ExportedFile[]> {
	const found = await Promise.all(wantedIsos(plan, state).map((wanted) => readIso(path.join(directory, wanted.node), wanted)));
	const reasons = found.flatMap((iso) => (typeof iso === 'string' ? [iso] : []));
	const files = found.flatMap((iso) => (typeof iso === 'string' ? [] : iso));
	if (reasons.length === 0 && files.length > 0) return files;
	throw usageFailure(`the ISOs in ${directory} are no evidence`, {
		detail: reasons.length > 0 ? reasons.join('\n') : 'it has none of this lab',
		hint: `make them of the plan as it is: rehearse iso ${plan.path} --out ${directory}`,
	});
}

/** The files of one node, nothing for a node without an ISO, or what is wrong with it. */
async function readIso(directory: string, { node, recipe, scripts, booted }: WantedIso): Promise<readonly ExportedFile[] | string> {
	const names = isoNames(node);
	const digest = await hashOfFile(path.join(directory, names.iso)).catch((error: NodeJS.ErrnoException) => error);
	if (digest instanceof Error) return digest.code === 'ENOENT' ? [] : `${names.iso} cannot be read: ${reasonOf(digest)}`;
	const files: ExportedFile[] = [];
	for (const name of [names.sum, names.recipe, names.scripts, ...names.others]) {
		const contents = await readFile(path.join(directory, name)).catch(() => undefined);
		if (!contents) return `${names.iso} has no ${name} beside it`;
		files.push({ path: isoPath(node, name), contents });
	}
	const [sum, ofRecipe, ofScripts] = files.map(({ contents }) => Buffer.from(contents).toString('latin1'));
	if (digestIn(sum ?? '', names.iso) !== digest) return `${names.iso} is not the one that ${names.sum} is of`;
	if (ofRecipe !== `${recipe}\n`) return `${names.iso} was made of another recipe than the plan has for ${node}`;
	if (ofScripts !== `${scripts}\n`) return `${names.iso} was made of other startup scripts than the plan has for ${node}`;
	if (booted !== undefined && booted !== digest) return `${names.iso} is not the ISO that ${node} booted in the run: that had the SHA-256 ${booted}`;
	return files;
}
