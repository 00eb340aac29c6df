/** What `rehearse iso` has written of a lab, for an export of its run. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf, usageFailure } from '../base/errors.js';
import { hashOfFile } from '../base/files.js';
import { digestIn, isoNames, isoPath, isoProblems, wantedIsos } from '../evidence/isos.js';
import type { ExportedFile } from '../evidence/layout.js';
import type { RunState } from '../outcome/state.js';
import type { PlanSource } from '../plan/types.js';

/**
 * The files beside the ISOs of a lab's nodes, by the names that they have in an export. A node may have no ISO.
 * @throws Failure `usage`, with each reason, where there is none at all, or one is not as it was made, of another recipe or
 * of other startup scripts, or not the one that its node booted in the run
 */
export async function readIsos(directory: string, plan: PlanSource, state: RunState): Promise<readonly ExportedFile[]> {
	const found = await Promise.all(wantedIsos(plan, state).map(({ node }) => readIso(path.join(directory, node), node)));
	const files = found.flatMap((iso) => (typeof iso === 'string' ? [] : iso));
	const problems = isoProblems(new Map(files.map(({ path: file, contents }) => [file, contents])), plan, state);
	const reasons = [...found.filter((iso) => typeof iso === 'string'), ...problems.map(({ file, problem }) => `${path.posix.relative('isos', file)}: ${problem}`)];
	if (reasons.length === 0 && files.length > 0) return files;
	throw usageFailure(`the ISOs in ${directory} are no evidence`, {
		detail: reasons.length > 0 ? reasons.join('\n') : 'it has none of this lab',
		hint: `make them of the plan as it is: rehearse iso ${plan.path} --out ${directory}`,
	});
}

/** The files of one node, nothing for a node without an ISO, or why they are not those that were made with it. */
async function readIso(directory: string, node: string): Promise<readonly ExportedFile[] | string> {
	const names = isoNames(node);
	const digest = await hashOfFile(path.join(directory, names.iso)).catch((error: NodeJS.ErrnoException) => error);
	if (digest instanceof Error) return digest.code === 'ENOENT' ? [] : `${names.iso} cannot be read: ${reasonOf(digest)}`;
	const files: ExportedFile[] = [];
	for (const name of [names.sum, names.recipe, names.scripts, ...names.others]) {
		const contents = await readFile(path.join(directory, name)).catch(() => undefined);
		if (!contents) return `${names.iso} has no ${name} beside it`;
		files.push({ path: isoPath(node, name), contents });
	}
	const sum = Buffer.from(files[0]?.contents ?? []).toString('latin1');
	return digestIn(sum, names.iso) === digest ? files : `${names.iso} is not the one that ${names.sum} is of`;
}
