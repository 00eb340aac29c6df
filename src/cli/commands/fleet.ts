import { defineCommand } from '../command.js';
import { filled, jsonFlag, reportFiles, reportFlags, startFlags, startOptions, traceFlag } from '../flags.js';
import { checkFlags, checksOf, engineFlags, engineOf, requireNoReports, shardFlags, shardOf } from '../work-flags.js';

/** `rehearse fleet LAB…` */
export const fleetDefinition = defineCommand({
	usage: 'fleet <labs..>',
	describe: 'rehearse several labs to one verdict: all here, with --shard a part of them, or with --on slurm on many hosts',
	positionals: {
		labs: { type: 'string', array: true, demandOption: true, describe: 'names of bundled labs, or paths of plans' },
	} as const,
	flags: {
		...startFlags,
		cold: { type: 'boolean', default: false, describe: 'boot every machine from power-on; neither use nor make checkpoints' },
		...traceFlag,
		...checkFlags,
		...shardFlags,
		...engineFlags,
		'cache-from': { type: 'string', hidden: true, describe: 'bring images and checkpoints that this host lacks from there' },
		...reportFlags,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const { labs, cold, trace, json, strict } = flags;
		const engine = engineOf(flags);
		const shard = engine ? undefined : shardOf(flags);
		const files = reportFiles(flags);
		const { userPaths } = await import('../../runs/paths.js');
		const work = { ...startOptions(flags), ...checksOf(flags), labs, cold, course: { trace }, json, terminal, paths: userPaths() };
		if (shard) {
			requireNoReports({ ...files, strict });
			const { shardCommand } = await import('../../commands/shard.js');
			return shardCommand({ ...work, ...shard, cacheFrom: filled('cache-from', flags['cache-from']) });
		}
		if (engine) {
			const { fleetOnSlurm } = await import('../../commands/fleet-on-slurm.js');
			return fleetOnSlurm({ ...work, ...files, ...engine, strict });
		}
		const { fleetCommand } = await import('../../commands/fleet.js');
		return fleetCommand({ ...work, ...files, strict });
	},
});
