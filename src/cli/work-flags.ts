/** Flags of the commands whose work can be divided over several machines, and checks of their values. */
import type { InferredOptionTypes } from 'yargs';
import { usageFailure } from '../base/errors.js';
import type { ReportFiles } from '../commands/run-reports.js';
import { parseShard } from '../shard/record.js';
import { filled, millisecondsOf } from './flags.js';

/** What is rehearsed of a lab beside its plain run. */
export const checkFlags = {
	'default-tests': { type: 'boolean', default: false, describe: "run OpenFactory's own default tests as well" },
	timeout: { type: 'number', default: 3600, describe: 'limit for the whole run, in seconds' },
	twice: {
		type: 'boolean',
		default: false,
		describe: 'then run every startup script a second time: it must pass and change nothing, and the scenario must pass again',
	},
	reboot: {
		type: 'boolean',
		default: false,
		describe: 'then restart every machine: it must come back in the same state, and the scenario must pass again',
	},
	shuffle: {
		type: 'number',
		default: 0,
		describe: 'then rehearse the lab in this many other orders and paces of startup',
	},
	'shuffle-seed': { type: 'number', describe: 'the seed of the orders; the same seed gives the same orders' },
} as const;

/** Which part of the work is done here. */
export const shardFlags = {
	shard: { type: 'string', describe: 'do part I of N of the work (I/N), for `rehearse merge`' },
	out: { type: 'string', describe: 'with --shard: the directory in which that of the shard is made; with --on: one that all hosts share, in which the results are kept' },
	times: { type: 'string', describe: 'with --shard or --on: divide by the times in this file of `rehearse merge --times`' },
} as const;

/** On which hosts the work is done. */
export const engineFlags = {
	on: { choices: ['slurm'], describe: 'submit the work to Slurm; partition and account as SBATCH_PARTITION and SBATCH_ACCOUNT name them' },
	shards: { type: 'number', describe: 'with --on: into how many jobs the work is divided (one a lab, and one for every eight orders)' },
	wait: { type: 'number', describe: 'with --on: limit for everything, in seconds, with the time that jobs wait (86400)' },
} as const;

const dayMs = 86_400_000;

/** Where the work is to be submitted; undefined for nowhere. @throws Failure `usage` where flags do not go together */
export function engineOf(flags: InferredOptionTypes<typeof engineFlags & typeof shardFlags>) {
	const { on, shards, wait } = flags;
	if (on === undefined) {
		for (const [flag, value] of Object.entries({ shards, wait })) if (value !== undefined) throw usageFailure(`--${flag} is for work that is submitted: give --on too`);
		return undefined;
	}
	if (flags.shard !== undefined) throw usageFailure('--shard does a part here, --on submits all of it: give only one of them');
	if (shards !== undefined && (!Number.isInteger(shards) || shards < 1 || shards > 1000)) throw usageFailure('--shards: expected a number of jobs, 1000 at most');
	return { shards, waitMs: wait === undefined ? dayMs : millisecondsOf('wait', wait), out: filled('out', flags.out), times: filled('times', flags.times) };
}

/** Reports are made of the whole. @throws Failure `usage` where one was asked of a shard */
export function requireNoReports({ junit, codeQuality, html, strict }: ReportFiles & { readonly strict: boolean }): void {
	const asked = { junit, 'code-quality': codeQuality, html, strict: strict || undefined };
	for (const [flag, value] of Object.entries(asked)) if (value !== undefined) throw usageFailure(`--${flag} is for the whole: give it to \`rehearse merge\``);
}

/** The number of seeds: a seed has 32 bits. */
const seeds = 2 ** 32;

/** The checks that were asked for. @throws Failure `usage` for an invalid number of orders or seed */
export function checksOf(flags: InferredOptionTypes<typeof checkFlags>) {
	const { shuffle: count, 'shuffle-seed': seed } = flags;
	if (!Number.isInteger(count) || count < 0 || count > 1000) throw usageFailure('--shuffle: expected a number of orders, 1000 at most');
	if (seed !== undefined && (!Number.isInteger(seed) || seed < 0 || seed >= seeds)) {
		throw usageFailure(`--shuffle-seed: expected a whole number from 0 to ${seeds - 1}`);
	}
	return {
		robustness: [...(flags.twice ? ['twice' as const] : []), ...(flags.reboot ? ['reboot' as const] : [])],
		shuffle: count === 0 ? undefined : { count, seed },
		defaultTests: flags['default-tests'],
	};
}

/** A seed for orders that nobody has asked for by theirs. */
export const anySeed = (): number => Math.floor(Math.random() * seeds);

/** The shard that was asked for; undefined for none. @throws Failure `usage` where a flag is missing that it needs */
export function shardOf(flags: InferredOptionTypes<typeof shardFlags>) {
	const out = filled('out', flags.out);
	const times = filled('times', flags.times);
	if (flags.shard === undefined) {
		if (out !== undefined || times !== undefined) throw usageFailure(`--${out === undefined ? 'times' : 'out'} is for a shard: give --shard too`);
		return undefined;
	}
	if (out === undefined) throw usageFailure('--shard needs a directory for what comes of it: give --out too');
	return { shard: parseShard(flags.shard), out, times };
}
