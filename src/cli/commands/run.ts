import { usageFailure } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { changedFlag, jsonFlag, labArgument, reportFiles, reportFlags, runIdFlag, runIdOf, startFlags, startOptions, traceFlag } from '../flags.js';
import { anySeed, checkFlags, checksOf, requireNoReports, shardFlags, shardOf } from '../work-flags.js';

/** Reads --from-iso and what goes with it. @throws Failure `usage` for what goes with it and came without */
function isoBootOf(fromIso: boolean, firmware: 'bios' | 'uefi' | undefined, persistence: boolean) {
	if (fromIso) return { firmware: firmware ?? 'bios', persistence } as const;
	if (firmware !== undefined) throw usageFailure('--firmware is for machines that boot their ISOs: give --from-iso with it');
	if (persistence) throw usageFailure('--persistence is for machines that boot their ISOs: give --from-iso with it');
	return undefined;
}

/** `rehearse run [LAB]` */
export const runDefinition = defineCommand({
	usage: 'run [lab]',
	describe: 'rehearse a lab: images, machines, startup scripts, scenario; the exit status is the verdict',
	positionals: labArgument,
	flags: {
		...startFlags,
		cold: {
			type: 'boolean',
			default: false,
			describe: 'boot every machine from power-on; neither use nor make checkpoints',
		},
		'from-iso': {
			type: 'boolean',
			default: false,
			describe: "boot every machine from its own ISO, as OpenFactory's runner does; builds the ISOs that are missing",
		},
		firmware: { choices: ['bios', 'uefi'], describe: 'with --from-iso: by what the ISOs are booted (bios)' },
		persistence: { type: 'boolean', default: false, describe: 'with --from-iso: give each machine a disk that keeps what it writes' },
		from: {
			choices: ['started'],
			describe: 'restore the machines as their startup scripts left them, and run only the scenario',
		},
		only: {
			type: 'string',
			array: true,
			nargs: 1,
			default: [] as string[],
			describe: 'run only the startup scripts of this node (repeatable); restore the other nodes as their scripts left them',
		},
		...changedFlag,
		keep: {
			choices: ['never', 'on-failure', 'always'],
			default: 'never',
			describe: 'leave the machines running after the scenario, until Ctrl-C',
		},
		'save-failed': {
			type: 'boolean',
			default: false,
			describe: 'save all machines as they are when the run has not passed, for `rehearse bundle --with-checkpoints`',
		},
		...traceFlag,
		...checkFlags,
		...shardFlags,
		...reportFlags,
		...runIdFlag,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const start = startOptions(flags);
		const runId = runIdOf(flags['run-id']);
		const files = reportFiles(flags);
		const { robustness, shuffle, defaultTests } = checksOf(flags);
		const { lab, json, cold, from, only, changed, keep, trace, strict } = flags;
		const { userPaths } = await import('../../runs/paths.js');
		const common = { ...start, json, terminal, defaultTests, paths: userPaths() };
		const shard = shardOf(flags);
		const fromIso = isoBootOf(flags['from-iso'], flags.firmware, flags.persistence);
		if (shard) {
			const ofOneMachine = { 'from-iso': fromIso, from, only: only[0], changed: changed || undefined, keep: keep === 'never' ? undefined : keep, 'save-failed': flags['save-failed'] || undefined, 'run-id': runId };
			for (const [flag, value] of Object.entries(ofOneMachine)) if (value !== undefined) throw usageFailure(`--${flag} is for a run on one machine: give it without --shard`);
			requireNoReports({ ...files, strict });
			const { shardCommand } = await import('../../commands/shard.js');
			return shardCommand({ ...common, ...shard, labs: [lab], cold, robustness, shuffle, course: { trace } });
		}
		const { runCommand } = await import('../../commands/run.js');
		return runCommand({
			...common,
			...{ lab, runId, strict },
			restore: { cold, from, only, changed },
			fromIso,
			course: { keep, trace, robustness },
			...files,
			saveFailed: flags['save-failed'],
			shuffle: shuffle && { count: shuffle.count, seed: shuffle.seed ?? anySeed() },
		});
	},
});
