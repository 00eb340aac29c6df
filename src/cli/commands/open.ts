import { defineCommand } from '../command.js';
import { jsonFlag, millisecondsOf } from '../flags.js';

/** `rehearse open BUNDLE` */
export const openDefinition = defineCommand({
	usage: 'open <bundle>',
	describe: 'unpack a bundle of another machine among the runs of this one, show its report, and bring its lab up where it has the machines',
	positionals: { bundle: { type: 'string', demandOption: true, describe: 'the file that `rehearse bundle` wrote, or a run that was opened before' } } as const,
	flags: {
		lab: { type: 'boolean', default: true, describe: 'bring the lab up as it was saved; with --no-lab only its report is shown' },
		timeout: { type: 'number', default: 1800, requiresArg: true, describe: 'limit for bringing it up, in seconds' },
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
