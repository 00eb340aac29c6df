/** Where a run directory keeps what. */
import { join } from 'node:path';

/** What each node's serial console printed, a file each. */
export const consolesDirectory = (runDirectory: string): string => join(runDirectory, 'consoles');

/** The file of one node among them. */
export const consoleLogPath = (runDirectory: string, node: string): string => join(consolesDirectory(runDirectory), `${node}.log`);

/** The end of each node's journal, a file each; there after a failed run only. */
export const journalsDirectory = (runDirectory: string): string => join(runDirectory, 'journals');

/** The events, one a line. */
export const eventLogPath = (runDirectory: string): string => join(runDirectory, 'events.ndjson');

/** What the machines were made of and started with. */
export const machinesPath = (runDirectory: string): string => join(runDirectory, 'machines.json');

/** A copy of the plan and its scripts. */
export const planDirectory = (runDirectory: string): string => join(runDirectory, 'plan');

/** The page to look at. */
export const reportPagePath = (runDirectory: string): string => join(runDirectory, 'report.html');
