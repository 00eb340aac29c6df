import { join } from 'node:path';

/** Where a run directory keeps what a node's serial console printed. */
export const consoleLogPath = (runDirectory: string, node: string): string =>
	join(runDirectory, 'consoles', `${node}.log`);
