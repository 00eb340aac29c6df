import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { noMask, type Mask } from '../base/secrets.js';
import type { Lab } from '../lab/lab.js';
import { contentOf } from '../lab/script-bytes.js';
import { planDirectory } from './run-files.js';

/**
 * Copies a lab's plan and its script files to the run directory, under the same names, so that the copy can be rehearsed
 * too. It leaves out scripts from outside the plan's directory.
 * @param text of the plan as it was read and hashed: the file may be another by now
 * @param mask takes the declared passwords out of each text, in a way that the plan still means something
 */
export async function copyPlan(lab: Pick<Lab, 'planPath' | 'nodes'>, text: string, runDirectory: string, mask: Mask = noMask): Promise<void> {
	const home = path.dirname(lab.planPath);
	const copy = planDirectory(runDirectory);
	await mkdir(copy, { recursive: true });
	await writeFile(path.join(copy, path.basename(lab.planPath)), mask(text));
	for (const script of lab.nodes.flatMap(({ startupScripts }) => startupScripts)) {
		const { file } = script;
		const relative = file === undefined ? undefined : path.relative(home, file);
		if (relative === undefined || relative.startsWith('..') || path.isAbsolute(relative)) continue;
		const target = path.join(copy, relative);
		await mkdir(path.dirname(target), { recursive: true });
		const content = contentOf(script);
		// What is no text holds no password that a plan declares.
		await writeFile(target, typeof content === 'string' ? mask(content) : content);
	}
}
