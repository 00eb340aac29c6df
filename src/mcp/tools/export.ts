import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { usageFailure } from '../../base/errors.js';
import type { Context } from '../context.js';
import { fitList } from '../fit.js';
import { runInput } from '../inputs.js';
import { runProgram } from '../program.js';
import { list } from '../result-schema.js';
import { additive, defineTool, type Tool } from '../tool.js';
import { sentences } from '../wording.js';

/** How long an export may take, in milliseconds. It packs the log and the page of a run. */
const exportMs = 40_000;

/** Where an export has the digests of all its files, as sha256sum(1) writes them. */
const sumsFile = 'SHA256SUMS';

/** `export_plan`. */
export const exportTool = ({ runs, root }: Context): Tool =>
	defineTool({
		name: 'export_plan',
		title: 'Export a passed run as evidence',
		description: sentences(
			'Writes the plan that was rehearsed, as build-plan with its scripts, and the evidence of the run into a new directory.',
			'Refuses, with the reason, unless the run passed, was cold and whole, and plan and scripts are as they were. Not signed; `rehearse export --sign` signs.',
		),
		input: z.strictObject({
			out: z.string().min(1).max(4096).describe('directory to be made, relative to the root'),
			run: runInput,
		}),
		output: z.object({
			run: z.string(),
			directory: z.string(),
			files: list(z.object({ path: z.string(), sha256: z.string() })),
			files_omitted: z.number(),
			note: z.string(),
		}),
		hints: additive,
		async answer({ out, run }, signal) {
			const { id, isHeld } = await runs.find(run);
			if (isHeld) throw usageFailure(`${id} has not ended yet`, { hint: 'wait_run waits for it' });
			const directory = await root.newDirectory(out);
			await runProgram(['export', id, `--out=${directory}`, '--json'], exportMs, signal);
			const sums = await readFile(path.join(directory, sumsFile), 'utf8');
			const files = sums.split('\n').flatMap((line) => {
				const [, sha256, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
				return sha256 === undefined || name === undefined ? [] : [{ path: name, sha256 }];
			});
			const { fitting, omitted } = fitList(files);
			return {
				value: {
					...{ run: id, directory: root.shown(directory), files: fitting, files_omitted: omitted },
					note: `${sumsFile} has the digest of every file; build-plan is the plan as it is, with the passwords that it declares`,
				},
			};
		},
	});
