import { defineCommand } from '../command.js';
import { whichLabFlag } from '../flags.js';

/** `rehearse debug`. */
export const debugDefinition = defineCommand({
	usage: 'debug <node>',
	describe: "step through a node's startup scripts, forwards and back, while the lab is paused",
	positionals: { node: { type: 'string', demandOption: true, describe: 'a node of a lab that is up' } } as const,
	flags: {
		script: { type: 'string', describe: 'the only script to step through' },
		...whichLabFlag,
	} as const,
	async run({ node, script, lab }, terminal) {
		const [{ debugCommand }, { userPaths }] = await Promise.all([import('../../commands/live/debug.js'), import('../../runs/paths.js')]);
		const { stdin, stdout } = process;
		return debugCommand({ runs: userPaths().runs, lab, node, script, terminal, streams: { stdin, stdout } });
	},
});
