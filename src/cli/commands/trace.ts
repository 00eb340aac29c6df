import { usageFailure } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { filled, jsonFlag } from '../flags.js';

/** `rehearse trace NODE` */
export const traceDefinition = defineCommand({
	usage: 'trace <node>',
	describe: "show what a node's startup scripts did in a run, command by command: slow, failed, failed unnoticed",
	positionals: { node: { type: 'string', demandOption: true, describe: 'a node of the lab' } } as const,
	flags: {
		script: { type: 'string', describe: 'only this startup script' },
		lab: { type: 'string', describe: 'the last run of this lab (default: the last with such a node)' },
		run: { type: 'string', describe: 'run directory, or the name of one' },
		slow: {
			type: 'number',
			default: 1000,
			describe: 'a command that takes at least this many milliseconds is slow',
		},
		...jsonFlag,
	} as const,
	async run({ node, script, lab, run, slow, json }, terminal) {
		if (!(slow >= 0)) throw usageFailure('--slow: expected milliseconds, 0 or more');
		const [{ traceCommand }, { userPaths }] = await Promise.all([
			import('../../commands/trace.js'),
			import('../../runs/paths.js'),
		]);
		return traceCommand({
			node,
			script: filled('script', script),
			lab: filled('lab', lab),
			run: filled('run', run),
			runs: userPaths().runs,
			slowMs: slow,
			json,
			terminal,
		});
	},
});
