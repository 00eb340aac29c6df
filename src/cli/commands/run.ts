import { defineCommand } from '../command.js';
import { acceleratorFlag, bytesOf, checkpointLimitFlag, filled, jsonFlag, labArgument, millisecondsOf, mirrorFlag, traceFlag } from '../flags.js';

/** `rehearse run [LAB]` */
export const runDefinition = defineCommand({
	usage: 'run [lab]',
	describe: 'rehearse a lab: images, machines, startup scripts, scenario; the exit status is the verdict',
	positionals: labArgument,
	flags: {
		...acceleratorFlag,
		cold: {
			type: 'boolean',
			default: false,
			describe: 'boot every machine from power-on; neither use nor make checkpoints',
		},
		from: {
			choices: ['started'],
			requiresArg: true,
			describe: 'restore the machines as their startup scripts left them, and run the scenario only',
		},
		only: {
			type: 'string',
			array: true,
			nargs: 1,
			default: [] as string[],
			requiresArg: true,
			describe: 'run the startup scripts of this node only (repeatable); the others are restored as started',
		},
		...checkpointLimitFlag,
		keep: {
			choices: ['never', 'on-failure', 'always'],
			default: 'never',
			describe: 'leave the machines running after the scenario, until Ctrl-C',
		},
		...traceFlag,
		timeout: {
			type: 'number',
			default: 3600,
			requiresArg: true,
			describe: 'limit for the whole run, in seconds',
		},
		junit: { type: 'string', requiresArg: true, describe: 'write a JUnit report to this file' },
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const timeLimitMs = millisecondsOf('timeout', flags.timeout);
		const junit = filled('junit', flags.junit);
		const mirror = filled('mirror', flags.mirror);
		const [{ runCommand }, { userPaths }] = await Promise.all([
			import('../../commands/run.js'),
			import('../../rehearse/paths.js'),
		]);
		const { lab, accel: accelerator, keep, trace, json, cold, from, only } = flags;
		const checkpoints = { cold, from, only, limitBytes: bytesOf('checkpoint-limit', flags['checkpoint-limit']) };
		return runCommand({ lab, paths: userPaths(), accelerator, checkpoints, keep, trace, mirror, timeLimitMs, json, junit, terminal });
	},
});
