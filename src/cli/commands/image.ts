import { defineCommand } from '../command.js';
import { filled, jsonFlag, labArgument, mirrorFlag } from '../flags.js';

/** `rehearse image [LAB]` */
export const imageDefinition = defineCommand({
	usage: 'image [lab]',
	describe: "build a lab's missing images, and show all of them",
	positionals: labArgument,
	flags: {
		list: { type: 'boolean', default: false, describe: 'only show them' },
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run({ lab, list, mirror, json }, terminal) {
		const [{ imageCommand }, { userPaths }] = await Promise.all([
			import('../../commands/image.js'),
			import('../../runs/paths.js'),
		]);
		return imageCommand({ lab, paths: userPaths(), list, mirror: filled('mirror', mirror), json, terminal });
	},
});
