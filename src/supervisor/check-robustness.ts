/** The robustness checks of a run (./robustness-checks), on a lab that runs. */
import os from 'node:os';
import type { CleanupStack } from '../base/cleanup.js';
import { Semaphore } from '../base/semaphore.js';
import type { Emit } from '../lab/events.js';
import { checkReboot, checkTwice } from './robustness-checks.js';
import { checkableLab } from './checked-lab.js';
import type { RunningLab } from './running-lab.js';
import { stage } from '../lab/stage.js';
import type { RunSpec } from '../protocol/run-spec.js';

/** How long what does not come back is waited for at most, in milliseconds: a loss costs this time in every run. */
const longestSettleMs = 20_000;

/** Proves what is to be proved, one after the other. Resolves to whether the lab passed all of it. */
export async function checkRobustness(
	running: RunningLab,
	runSpec: RunSpec,
	emit: Emit,
	{ signal, cleanup }: { readonly signal: AbortSignal; readonly cleanup: CleanupStack },
): Promise<boolean> {
	const boots = new Semaphore(os.availableParallelism());
	const lab = checkableLab(running, { runSpec, emit, signal, cleanup, boots });
	const { deadlines, robustness = [], lab: { nodes } } = runSpec;
	const options = { lab, nodes, emit, settleMs: Math.min(deadlines.assertionMs, longestSettleMs), signal };
	const results: boolean[] = [];
	for (const name of robustness) {
		const check = name === 'twice' ? checkTwice : checkReboot;
		results.push(await stage(emit, name, () => check(options), (passed) => (passed ? 'passed' : 'failed')));
	}
	return results.every(Boolean);
}
