import { defineCommand } from '../command.js';
import { jsonFlag, reportFiles, reportFlags, startFlags, startOptions, traceFlag } from '../flags.js';
import { checkFlags, checksOf, requireNoReports, shardFlags, shardOf } from '../work-flags.js';

/** `rehearse fleet LAB…` */
export const fleetDefinition = defineCommand({
	usage: 'fleet <labs..>',
	describe: 'rehearse several labs to one verdict, all here or with --shard a part of them',
	positionals: {
		labs: { type: 'string', array: true, demandOption: true, describe: 'names of bundled labs, or paths of plans' },
	} as const,
	flags: {
		...startFlags,
		cold: { type: 'boolean', default: false, describe: 'boot every machine from power-on; neither use nor make checkpoints' },
		...traceFlag,
		...checkFlags,
		...shardFlags,
		...reportFlags,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const { labs, cold, trace, json, strict } = flags;
		const shard = shardOf(flags);
		const files = reportFiles(flags);
		const { userPaths } = await import('../../runs/paths.js');
		const work = { ...startOptions(flags), ...checksOf(flags), labs, cold, course: { trace }, json, terminal, paths: userPaths() };
		if (shard) {
			requireNoReports({ ...files, strict });
			const { shardCommand } = await import('../../commands/shard.js');
			return shardCommand({ ...work, ...shard });
		}
		const { fleetCommand } = await import('../../commands/fleet.js');
		return fleetCommand({ ...work, ...files, strict });
	},
});
