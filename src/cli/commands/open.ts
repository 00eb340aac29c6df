import { defineCommand } from '../command.js';
import { jsonFlag, millisecondsOf } from '../flags.js';

/** `rehearse open BUNDLE` */
export const openDefinition = defineCommand({
	usage: 'open <bundle>',
	describe: 'import a bundle of another machine, show its report, and bring its lab up if the bundle has the machines',
	positionals: {
		bundle: {
			type: 'string',
			demandOption: true,
			describe: 'the file that `rehearse bundle` wrote, or a run that was imported before',
		},
	} as const,
	flags: {
		lab: { type: 'boolean', default: true, describe: 'bring the lab up as it was saved; --no-lab shows only the report' },
		timeout: { type: 'number', default: 1800, describe: 'limit for bringing it up, in seconds' },
		...jsonFlag,
	} as const,
	async run({ bundle, lab, timeout, json }, terminal) {
		const timeLimitMs = millisecondsOf('timeout', timeout);
		const [{ openCommand }, { userPaths }] = await Promise.all([
			import('../../commands/open.js'),
			import('../../runs/paths.js'),
		]);
		return openCommand({ bundle, paths: userPaths(), lab, timeLimitMs, json, terminal });
	},
});
