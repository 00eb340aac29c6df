import { defineCommand, runsDirectory } from '../command.js';
import { whichLabFlag } from '../flags.js';

/** `rehearse reset`. */
export const resetDefinition = defineCommand({
	usage: 'reset',
	describe: 'restore the whole lab as its startup scripts had left it',
	positionals: {},
	flags: whichLabFlag,
	async run({ lab }, terminal) {
		const { injectFault } = await import('../../commands/live/fault-injection.js');
		return injectFault({ runs: await runsDirectory(), lab, request: { op: 'reset' }, done: 'the lab is reset', terminal });
	},
});
