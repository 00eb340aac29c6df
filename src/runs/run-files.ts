/** File layout of a run directory. */
import { join } from 'node:path';

/** What each node's serial console printed, a file each. */
export const consolesDirectory = (runDirectory: string): string => join(runDirectory, 'consoles');

/** The file of one node among them. */
export const consoleLogPath = (runDirectory: string, node: string): string => join(consolesDirectory(runDirectory), `${node}.log`);

/** The end of each node's journal, one file each. Exists only after a failed run. */
export const journalsDirectory = (runDirectory: string): string => join(runDirectory, 'journals');

/** The file of one node among them. */
export const journalPath = (runDirectory: string, node: string): string => join(journalsDirectory(runDirectory), `${node}.log`);

/** The event log, one event on each line. */
export const eventLogPath = (runDirectory: string): string => join(runDirectory, 'events.ndjson');

/** What the machines were made of and started with (../prepare/machines-file). */
export const machinesPath = (runDirectory: string): string => join(runDirectory, 'machines.json');

/** The copy of the plan and its scripts. */
export const planDirectory = (runDirectory: string): string => join(runDirectory, 'plan');

/** The page to look at. */
export const reportPagePath = (runDirectory: string): string => join(runDirectory, 'report.html');
