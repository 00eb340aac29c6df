import { usageFailure } from '../../base/errors.js';
import { ask, askForStream, type AskOptions } from '../../control/client.js';
import type { LabRequest } from '../../protocol/requests.js';
import { chooseLiveLab, findLiveLabs, findUnseenRuns, type LiveLab } from '../../runs/live-labs.js';

/** What every command takes that works on a lab that runs. */

/** Options of every command that works on a running lab. */
export interface LiveOptions {
	/** The directory of all runs. */
	readonly runs: string;
	/** Name of the lab; by default the only one that runs. */
	readonly lab: string | undefined;
}

/** Finds the running lab that a command is about. @throws Failure `usage` when no lab or several labs match */
export async function resolveLab({ runs, lab }: LiveOptions): Promise<LiveLab> {
	const labs = await findLiveLabs(runs);
	if (labs.length > 0) return chooseLiveLab(labs, lab);
	const [unseen] = await findUnseenRuns(runs);
	if (unseen === undefined) return chooseLiveLab(labs, lab);
	throw usageFailure('no lab is up here', { hint: `${unseen} goes on in another container or on another host: nothing can be done to it from here` });
}

/**
 * Sends a request to a lab, and resolves to its answer.
 * @throws Failure that the lab answered with, or one of ../../control/client
 */
export const askLab = (lab: Pick<LiveLab, 'controlSocket'>, request: LabRequest, options?: AskOptions): Promise<unknown> =>
	ask(lab.controlSocket, request, options);

/** Sends a request that is answered with a stream. */
export const askLabForStream = (lab: Pick<LiveLab, 'controlSocket'>, request: LabRequest, options?: AskOptions) =>
	askForStream(lab.controlSocket, request, options);
