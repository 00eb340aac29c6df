import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Lab } from '../lab/lab.js';
import { planDirectory } from './run-files.js';

/**
 * Copies a lab's plan and its script files to the run directory, under the same names, so that the copy can be rehearsed
 * too. It leaves out scripts from outside the plan's directory.
 */
export async function copyPlan(lab: Pick<Lab, 'planPath' | 'nodes'>, runDirectory: string): Promise<void> {
	const home = path.dirname(lab.planPath);
	const copy = planDirectory(runDirectory);
	await mkdir(copy, { recursive: true });
	await copyFile(lab.planPath, path.join(copy, path.basename(lab.planPath)));
	for (const { file, text } of lab.nodes.flatMap(({ startupScripts }) => startupScripts)) {
		const relative = file === undefined ? undefined : path.relative(home, file);
		if (relative === undefined || relative.startsWith('..') || path.isAbsolute(relative)) continue;
		const target = path.join(copy, relative);
		await mkdir(path.dirname(target), { recursive: true });
		await writeFile(target, text);
	}
}
