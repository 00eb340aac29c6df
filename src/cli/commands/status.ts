import { defineCommand, runsDirectory } from '../command.js';
import { jsonFlag, runningLabArgument } from '../flags.js';

/** `rehearse status`. */
export const statusDefinition = defineCommand({
	usage: 'status [lab]',
	describe: 'show the labs that run on this machine, with every node',
	positionals: runningLabArgument,
	flags: jsonFlag,
	async run({ lab, json }, terminal) {
		const { statusCommand } = await import('../../commands/live/status.js');
		return statusCommand({ runs: await runsDirectory(), lab, json, terminal });
	},
});
