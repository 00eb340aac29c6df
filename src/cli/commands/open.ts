import { defineCommand } from '../command.js';
import { jsonFlag } from '../flags.js';

/** `rehearse open BUNDLE` */
export const openDefinition = defineCommand({
	usage: 'open <bundle>',
	describe: 'unpack a bundle of another machine among the runs of this one, and show its report',
	positionals: { bundle: { type: 'string', demandOption: true, describe: 'the file that `rehearse bundle` wrote' } } as const,
	flags: { ...jsonFlag } as const,
	async run({ bundle, json }, terminal) {
		const [{ openCommand }, { userPaths }] = await Promise.all([
			import('../../commands/open.js'),
			import('../../rehearse/paths.js'),
		]);
		return openCommand({ bundle, runs: userPaths().runs, json, terminal });
	},
});
