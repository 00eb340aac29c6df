import { defineCommand } from '../command.js';
import {
	acceleratorFlag,
	bytesOf,
	checkpointLimitFlag,
	filled,
	jsonFlag,
	labArgument,
	millisecondsOf,
	mirrorFlag,
	scriptTimeoutFlag,
	scriptTimeoutOf,
	secretsFlag,
	traceFlag,
} from '../flags.js';

/** `rehearse up`. */
export const upDefinition = defineCommand({
	usage: 'up [lab] [nodes..]',
	describe: 'start a lab that stays up until `down`, or some of its nodes',
	positionals: {
		...labArgument,
		nodes: { type: 'string', array: true, default: [] as string[], describe: 'nodes (default: all of them)' },
	} as const,
	flags: {
		...acceleratorFlag,
		from: {
			choices: ['started', 'provisioned'],
			default: 'started',
			requiresArg: true,
			describe: 'started: restore the machines as their startup scripts left them, where possible; provisioned: run the scripts',
		},
		cold: { type: 'boolean', default: false, describe: 'boot every machine from power-on; neither use nor make checkpoints' },
		timeout: { type: 'number', default: 3600, requiresArg: true, describe: 'limit for the start, in seconds' },
		...traceFlag,
		...secretsFlag,
		...scriptTimeoutFlag,
		...checkpointLimitFlag,
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const timeLimitMs = millisecondsOf('timeout', flags.timeout);
		const mirror = filled('mirror', flags.mirror);
		const scriptTimeoutSeconds = scriptTimeoutOf(flags['script-timeout']);
		const limitBytes = bytesOf('checkpoint-limit', flags['checkpoint-limit']);
		const [{ upCommand }, { userPaths }] = await Promise.all([
			import('../../commands/live/up.js'),
			import('../../runs/paths.js'),
		]);
		const { lab, nodes, accel: accelerator, from, cold, trace, json, 'show-secrets': showSecrets } = flags;
		return upCommand({ scriptTimeoutSeconds, lab, nodes, paths: userPaths(), accelerator, from, cold, limitBytes, trace, showSecrets, mirror, timeLimitMs, json, terminal });
	},
});
