import type { Mask } from '../base/secrets.js';
import { noMask } from '../base/secrets.js';
import { maskValue } from '../lab/mask.js';
import { chooseLiveLab, type LiveLab } from '../runs/live-labs.js';
import { maskOfPlan } from '../report/check-result.js';
import type { Jobs } from './jobs.js';
import type { KnownRun, KnownRuns } from './known-runs.js';
import type { Root } from './root.js';
import type { Link } from './tool.js';

/** What all tools of one server share. */
export interface Context {
	readonly root: Root;
	readonly runs: KnownRuns;
	readonly jobs: Jobs;
	/** The masks of plans as they were when this server began a run of them, by run id: they may be edited meanwhile. */
	readonly masks: Map<string, Mask>;
}

/** Finds the running lab or rehearsal that a client means. @throws Failure `usage` when none or several match */
export const findLab = async ({ runs }: Context, lab: string | undefined): Promise<LiveLab> => chooseLiveLab(await runs.live(), lab);

/** The address of a resource of a run. */
export const resourceUri = (run: string, file: string): string => `rehearse://runs/${run}/${file}`;

/** Links to the resources of a run. */
export const linksTo = (run: string): readonly Link[] => [
	{ uri: resourceUri(run, 'result.json'), name: 'the whole result', mimeType: 'application/json' },
	{ uri: resourceUri(run, 'report.html'), name: 'the page to look at', mimeType: 'text/html' },
];

/** A run as its client may see it: whoever started it may have had its passwords shown. @throws Failure `usage` as `KnownRuns.find` */
export async function findShown(context: Context, id: string | undefined): Promise<KnownRun> {
	const run = await context.runs.find(id);
	return { ...run, state: maskValue(run.state, await maskOfRun(context, run)) };
}

/** Takes the passwords out of what a run's machines have written: those of its plan now, and as it was when the run began. */
export async function maskOfRun({ masks }: Context, { id, state }: Pick<KnownRun, 'id' | 'state'>): Promise<Mask> {
	const then = masks.get(id) ?? noMask;
	const now = await maskOfPlan(state.planPath);
	return (text) => now(then(text));
}
