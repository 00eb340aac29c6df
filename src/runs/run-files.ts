/** Where a run directory keeps what. */
import { join } from 'node:path';

/** What a node's serial console printed. */
export const consoleLogPath = (runDirectory: string, node: string): string =>
	join(runDirectory, 'consoles', `${node}.log`);

/** The end of each node's journal, a file each; there after a failed run only. */
export const journalsDirectory = (runDirectory: string): string => join(runDirectory, 'journals');

/** The events, one a line. */
export const eventLogPath = (runDirectory: string): string => join(runDirectory, 'events.ndjson');

/** What the machines were made of and started with. */
export const machinesPath = (runDirectory: string): string => join(runDirectory, 'machines.json');

/** A copy of the plan and its scripts. */
export const planDirectory = (runDirectory: string): string => join(runDirectory, 'plan');
