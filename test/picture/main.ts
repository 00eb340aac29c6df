/**
 * Draws the picture of the README from a recorded run, as a terminal shows its summary:
 *
 *   npm run picture -- RUN-DIRECTORY [COMMAND]
 *
 * writes bin/help/run.svg. COMMAND is what was typed, by default `rehearse run` with the lab as it was named.
 */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { foldEvents } from '../../src/outcome/fold.js';
import { summary } from '../../src/report/summary.js';
import { readEvents } from '../../src/runs/stored-runs.js';
import { terminalSvg } from './svg.js';

const [directory, typed] = process.argv.slice(2);
if (directory === undefined) throw new Error('npm run picture -- RUN-DIRECTORY [COMMAND]');
const state = foldEvents(await readEvents(directory));
const command = typed ?? `rehearse run ${state.labArgument}`;
// Whose home it was is nobody's business.
const shown = summary(state, { color: true, width: 92 }).replaceAll(os.homedir(), '~');
await writeFile('bin/help/run.svg', terminalSvg(`\x1b[2m$\x1b[22m ${command}\n\n${shown}`, `${command}: ${state.lab}`));
