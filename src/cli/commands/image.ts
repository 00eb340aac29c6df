import { defineCommand } from '../command.js';
import { buildTimeFlag, filled, jsonFlag, labArgument, millisecondsOf, mirrorFlag } from '../flags.js';

/** `rehearse image [LAB]` */
export const imageDefinition = defineCommand({
	usage: 'image [lab]',
	describe: "build a lab's missing images, and show all of them",
	positionals: labArgument,
	flags: {
		list: { type: 'boolean', default: false, describe: 'only show them' },
		...buildTimeFlag,
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run({ lab, list, timeout, mirror, json }, terminal) {
		const timeLimitMs = millisecondsOf('timeout', timeout);
		const [{ imageCommand }, { userPaths }] = await Promise.all([
			import('../../commands/image.js'),
			import('../../runs/paths.js'),
		]);
		return imageCommand({ lab, paths: userPaths(), list, timeLimitMs, mirror: filled('mirror', mirror), json, terminal });
	},
});
