import type { RunResult } from '../outcome/result.js';

/** The result object as `rehearse run --json` prints it: stable key order, tabs, a newline at the end. */
export const resultJson = (result: RunResult): string => `${JSON.stringify(result, undefined, '\t')}\n`;
