import { defineCommand } from '../command.js';
import { jsonFlag } from '../flags.js';

/** `rehearse prune` */
export const pruneDefinition = defineCommand({
	usage: 'prune',
	describe: 'remove images, checkpoints, downloaded packages and finished runs, and show what was freed',
	positionals: {},
	flags: {
		list: { type: 'boolean', default: false, describe: 'only show what would be removed' },
		...jsonFlag,
	} as const,
	async run({ list, json }, terminal) {
		const [{ pruneCommand }, { userPaths }] = await Promise.all([
			import('../../commands/prune.js'),
			import('../../runs/paths.js'),
		]);
		return pruneCommand({ paths: userPaths(), list, json, terminal });
	},
});
