
/** What every command takes that works on a lab that runs. */
import { ask, askForStream, type AskOptions } from '../../control/client.js';
import type { LabRequest } from '../../protocol/requests.js';
import { chooseLiveLab, findLiveLabs, type LiveLab } from '../../runs/live-labs.js';

export interface LiveOptions {
	/** The directory of all runs. */
	readonly runs: string;
	/** Name of the lab; the only one that runs otherwise. */
	readonly lab: string | undefined;
}

/** The lab that a command is about. @throws Failure `usage` when there is none, or several */
export const resolveLab = async ({ runs, lab }: LiveOptions): Promise<LiveLab> => chooseLiveLab(await findLiveLabs(runs), lab);

/** Asks a lab. @throws what the lab answers with, and what ../../control/client says */
export const askLab = (lab: Pick<LiveLab, 'controlSocket'>, request: LabRequest, options?: AskOptions): Promise<unknown> =>
	ask(lab.controlSocket, request, options);

/** Asks a lab for a stream. */
export const askLabForStream = (lab: Pick<LiveLab, 'controlSocket'>, request: LabRequest, options?: AskOptions) =>
	askForStream(lab.controlSocket, request, options);
