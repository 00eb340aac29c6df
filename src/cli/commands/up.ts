import { defineCommand } from '../command.js';
import { jsonFlag, labArgument, runIdFlag, runIdOf, startFlags, startOptions, traceFlag } from '../flags.js';

/** `rehearse up`. */
export const upDefinition = defineCommand({
	usage: 'up [lab] [nodes..]',
	describe: 'start a lab, or some of its nodes, that is kept running until `down`',
	positionals: {
		...labArgument,
		nodes: { type: 'string', array: true, default: [] as string[], describe: 'nodes (default: all of them)' },
	} as const,
	flags: {
		...startFlags,
		from: {
			choices: ['started', 'provisioned'],
			default: 'started',
			describe: 'started: restore the machines as their startup scripts left them, where possible; provisioned: run the scripts',
		},
		cold: { type: 'boolean', default: false, describe: 'boot every machine from power-on; neither use nor make checkpoints' },
		timeout: { type: 'number', default: 3600, describe: 'limit for the start, in seconds' },
		...traceFlag,
		...runIdFlag,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const start = startOptions(flags);
		const runId = runIdOf(flags['run-id']);
		const [{ upCommand }, { userPaths }] = await Promise.all([
			import('../../commands/live/up.js'),
			import('../../runs/paths.js'),
		]);
		const { lab, nodes, from, cold, trace, json } = flags;
		return upCommand({ ...start, lab, runId, nodes, paths: userPaths(), from, cold, trace, json, terminal });
	},
});
