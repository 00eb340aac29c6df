import { defineCommand, runsDirectory } from '../command.js';
import { runningLabArgument } from '../flags.js';

/** `rehearse down`. */
export const downDefinition = defineCommand({
	usage: 'down [lab]',
	describe: 'end a lab that is up, or a running rehearsal',
	positionals: runningLabArgument,
	flags: { all: { type: 'boolean', default: false, describe: 'end every lab that is up' } } as const,
	async run({ lab, all }, terminal) {
		const { downCommand } = await import('../../commands/live/down.js');
		return downCommand({ runs: await runsDirectory(), lab, all, terminal });
	},
});
