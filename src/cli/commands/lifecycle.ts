/** The life of a lab that stays: `up`, `down`, `status`, `reload`, `reset`. */
import { defineCommand, runsDirectory, type Command } from '../command.js';
import { acceleratorFlag, bytesOf, checkpointLimitFlag, filled, jsonFlag, labArgument, millisecondsOf, mirrorFlag, traceFlag, whichLabFlag } from '../flags.js';

const upDefinition = defineCommand({
	usage: 'up [lab] [nodes..]',
	describe: 'bring a lab up to stay, started; some of its nodes only where they are named',
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
			describe: 'restore the machines behind their startup scripts where that is possible; provisioned: run them',
		},
		cold: { type: 'boolean', default: false, describe: 'boot every machine from power-on; neither use nor make checkpoints' },
		timeout: { type: 'number', default: 3600, requiresArg: true, describe: 'limit for bringing it up, in seconds' },
		...traceFlag,
		...checkpointLimitFlag,
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const timeLimitMs = millisecondsOf('timeout', flags.timeout);
		const mirror = filled('mirror', flags.mirror);
		const limitBytes = bytesOf('checkpoint-limit', flags['checkpoint-limit']);
		const [{ upCommand }, { userPaths }] = await Promise.all([
			import('../../commands/live/up.js'),
			import('../../runs/paths.js'),
		]);
		const { lab, nodes, accel: accelerator, from, cold, trace, json } = flags;
		return upCommand({ lab, nodes, paths: userPaths(), accelerator, from, cold, limitBytes, trace, mirror, timeLimitMs, json, terminal });
	},
});

const whichLab = { lab: { type: 'string', describe: 'name of the lab (default: the only one that is up)' } } as const;

const downDefinition = defineCommand({
	usage: 'down [lab]',
	describe: 'end a lab that is up, or a rehearsal that goes on',
	positionals: whichLab,
	flags: { all: { type: 'boolean', default: false, describe: 'end every lab that is up' } } as const,
	async run({ lab, all }, terminal) {
		const { downCommand } = await import('../../commands/live/down.js');
		return downCommand({ runs: await runsDirectory(), lab, all, terminal });
	},
});

const statusDefinition = defineCommand({
	usage: 'status [lab]',
	describe: 'show the labs that run on this machine, with every node',
	positionals: whichLab,
	flags: jsonFlag,
	async run({ lab, json }, terminal) {
		const { statusCommand } = await import('../../commands/live/status.js');
		return statusCommand({ runs: await runsDirectory(), lab, json, terminal });
	},
});

const resetDefinition = defineCommand({
	usage: 'reset',
	describe: 'put the whole lab back to where its startup scripts had left it',
	positionals: {},
	flags: whichLabFlag,
	async run({ lab }, terminal) {
		const { injectFault } = await import('../../commands/live/fault-injection.js');
		return injectFault({ runs: await runsDirectory(), lab, request: { op: 'reset' }, done: 'the lab is put back', terminal });
	},
});

const reloadDefinition = defineCommand({
	usage: 'reload [nodes..]',
	describe: 'apply an edited plan to a lab that is up: only nodes that were edited are made anew',
	positionals: {
		nodes: { type: 'string', array: true, default: [] as string[], describe: 'nodes that may be replaced (default: all of them)' },
	} as const,
	flags: {
		'dry-run': { type: 'boolean', default: false, describe: 'only say what would be done' },
		...whichLabFlag,
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run({ nodes, lab, json, ...flags }, terminal) {
		const mirror = filled('mirror', flags.mirror);
		const [{ reloadCommand }, { userPaths }] = await Promise.all([
			import('../../commands/live/reload.js'),
			import('../../runs/paths.js'),
		]);
		return reloadCommand({ paths: userPaths(), nodes, dryRun: flags['dry-run'], lab, mirror, json, terminal });
	},
});

/** The commands of this file. */
export const lifeDefinitions: readonly Command[] = [upDefinition, downDefinition, statusDefinition, reloadDefinition, resetDefinition];
