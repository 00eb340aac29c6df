import { defineCommand, runsDirectory } from '../command.js';
import { nodeArgument, whichLabFlag } from '../flags.js';

/** `rehearse console`. */
export const consoleDefinition = defineCommand({
	usage: 'console <node>',
	describe: 'a root shell that needs no network; Ctrl-] leaves it',
	positionals: nodeArgument,
	flags: whichLabFlag,
	async run({ node, lab }) {
		const { consoleCommand } = await import('../../commands/live/console.js');
		const { stdin, stdout, stderr } = process;
		return consoleCommand({ runs: await runsDirectory(), lab, node, streams: { stdin, stdout, stderr } });
	},
});
