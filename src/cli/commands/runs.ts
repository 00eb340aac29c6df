import { defineCommand, runsDirectory } from '../command.js';
import { jsonFlag } from '../flags.js';

/** `rehearse runs [ACTION] [RUN…]` */
export const runsDefinition = defineCommand({
	usage: 'runs [action] [run..]',
	describe: 'list the runs that are kept, show some, or remove them',
	positionals: {
		action: { choices: ['list', 'show', 'remove'], default: 'list', describe: 'show: the newest run, or those that are named' },
		run: { type: 'string', array: true, default: [] as string[], describe: 'names or directories of runs' },
	} as const,
	flags: jsonFlag,
	async run({ action, run, json }, terminal) {
		const { runsCommand } = await import('../../commands/runs.js');
		return runsCommand({ action, names: run, runs: await runsDirectory(), json, terminal });
	},
});
