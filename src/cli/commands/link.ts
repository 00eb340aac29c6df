import { defineCommand, runsDirectory } from '../command.js';
import { nodeArgument, whichLabFlag } from '../flags.js';

/** `rehearse link`. */
export const linkDefinition = defineCommand({
	usage: 'link <node> <state> [amount]',
	describe: "change a node's link: up, down, delay MS (on the way to it) or loss PCT",
	positionals: {
		...nodeArgument,
		state: { choices: ['up', 'down', 'delay', 'loss'], demandOption: true, describe: 'the new state of the link' },
		amount: { type: 'number', describe: 'milliseconds or per cent' },
	} as const,
	flags: whichLabFlag,
	async run({ node, state, amount, lab }, terminal) {
		const [{ injectFault }, { parseLink }] = await Promise.all([import('../../commands/live/fault-injection.js'), import('../../network/link.js')]);
		const link = parseLink(state, amount);
		return injectFault({ runs: await runsDirectory(), lab, request: { op: 'link', node, link }, done: `the link of ${node} is changed`, terminal });
	},
});
