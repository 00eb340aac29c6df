import { defineCommand } from '../command.js';
import { filled, jsonFlag, reportFiles, reportFlags } from '../flags.js';

/** `rehearse merge SHARD…` */
export const mergeDefinition = defineCommand({
	usage: 'merge <shards..>',
	describe: 'merge the shards of a rehearsal (`run --shard`) to one verdict, which is the exit status',
	positionals: {
		shards: { type: 'string', array: true, demandOption: true, describe: 'directories of shards, or a directory that holds them' },
	} as const,
	flags: {
		...reportFlags,
		times: { type: 'string', describe: 'write how long each part of the work took to this file, for `--times`' },
		...jsonFlag,
	} as const,
	async run({ shards, json, strict, ...flags }, terminal) {
		const { mergeCommand } = await import('../../commands/merge.js');
		return mergeCommand({
			...{ shards, json, strict, terminal },
			...reportFiles(flags),
			times: filled('times', flags.times),
		});
	},
});
