import { defineCommand } from '../command.js';
import { changedFlag, filled, labArgument, startFlags, startOptions } from '../flags.js';

/** `rehearse watch [LAB]` */
export const watchDefinition = defineCommand({
	usage: 'watch [lab]',
	describe: 'rehearse a lab whenever its plan or a script is saved, and show what changed; Ctrl-C ends it',
	positionals: labArgument,
	flags: {
		...startFlags,
		timeout: { type: 'number', default: 3600, describe: 'limit for each run, in seconds' },
		...changedFlag,
		html: { type: 'string', describe: 'write a page to this file that loads itself again and marks what changed' },
		json: { type: 'boolean', default: false, describe: 'print a result object with `changes` for each run, one a line' },
	} as const,
	async run(flags, terminal) {
		const start = startOptions(flags);
		const [{ watchCommand }, { userPaths }] = await Promise.all([
			import('../../commands/watch.js'),
			import('../../runs/paths.js'),
		]);
		const { lab, json, changed } = flags;
		const html = filled('html', flags.html);
		return watchCommand({ ...start, lab, paths: userPaths(), json, html, changed, terminal });
	},
});
