import { defineCommand } from '../command.js';
import { filled, jsonFlag, mirrorFlag, scriptTimeoutFlag, scriptTimeoutOf, whichLabFlag } from '../flags.js';

/** `rehearse reload`. */
export const reloadDefinition = defineCommand({
	usage: 'reload [nodes..]',
	describe: 'apply an edited plan to a lab that is up: it replaces only the edited nodes',
	positionals: {
		nodes: { type: 'string', array: true, default: [] as string[], describe: 'nodes that may be replaced (default: all of them)' },
	} as const,
	flags: {
		'dry-run': { type: 'boolean', default: false, describe: 'only show what would be done' },
		...whichLabFlag,
		...scriptTimeoutFlag,
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run({ nodes, lab, json, ...flags }, terminal) {
		const mirror = filled('mirror', flags.mirror);
		const scriptTimeoutSeconds = scriptTimeoutOf(flags['script-timeout']);
		const [{ reloadCommand }, { userPaths }] = await Promise.all([
			import('../../commands/live/reload.js'),
			import('../../runs/paths.js'),
		]);
		return reloadCommand({ scriptTimeoutSeconds, paths: userPaths(), nodes, dryRun: flags['dry-run'], lab, mirror, json, terminal });
	},
});
