/** `rehearse run --shard` and `rehearse fleet --shard`: one part of the work that is divided over several machines. */
import { readFile } from 'node:fs/promises';
import { withCleanup } from '../base/cleanup.js';
import { ExitCode, reasonOf, toFailure, toReported, usageFailure } from '../base/errors.js';
import { toolVersion } from '../base/package-root.js';
import { plural } from '../base/format.js';
import type { RobustnessCheck } from '../lab/events.js';
import { errorOf, exitCodeOf, resultJson, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import type { RunCourse } from '../protocol/run-spec.js';
import { summary } from '../report/summary.js';
import { holdRun } from '../runs/heartbeat.js';
import type { LackingRun, ShardRecord } from '../shard/record.js';
import { bringCache } from '../shard/cache.js';
import { claimShard, writeShard, type ShardRun } from '../shard/store.js';
import { divide, orderNumber, type LabWork, type Unit, type UnitTimes } from '../shard/units.js';
import { loadPlan, type LoadedPlan } from './load-lab.js';
import { rehearseShown } from './rehearse-shown.js';
import type { StartOptions } from './start-options.js';
import { stopOnSignals } from './stop.js';

/** What is to be rehearsed of every lab. */
export interface WorkOptions {
	readonly robustness: readonly RobustnessCheck[];
	/** Other orders of startup. Without a seed it comes from the plan, the same for every shard. */
	readonly shuffle: { readonly count: number; readonly seed: number | undefined } | undefined;
	/** A file of `rehearse merge --times`. */
	readonly times: string | undefined;
}

export interface ShardOptions extends Omit<StartOptions, 'lab'>, WorkOptions {
	/** Names of bundled labs, or paths of plans. */
	readonly labs: readonly string[];
	/** The number of the shard, from 1, and how many there are. */
	readonly shard: Pick<ShardRecord, 'index' | 'total'>;
	/** The directory in which the shard's is made. */
	readonly out: string;
	/** A directory in which another host has laid out what this one may lack (../shard/cache). */
	readonly cacheFrom?: string | undefined;
	readonly cold: boolean;
	readonly course: Pick<RunCourse, 'trace'>;
}

/** The labs as they were read, with what is to be rehearsed of each. */
export type ReadWork = readonly (LoadedPlan & { readonly labArgument: string; readonly work: LabWork })[];

/** The same work for every machine, and who does what of it. */
export interface DividedWork {
	readonly plans: ReadWork;
	readonly division: readonly (readonly Unit[])[];
}

/** Rehearses a shard. The exit status is the highest of its runs; 0 where nothing was left for it to do. */
export const shardCommand = async (options: ShardOptions): Promise<ExitCode> => rehearseShard(options, await divideWork(options, options.shard.total));

/** The same for work that was divided already. */
export const rehearseShard = (options: ShardOptions, { plans, division }: DividedWork): Promise<ExitCode> =>
	withCleanup(async (cleanup) => {
		const { shard, terminal, json } = options;
		const directory = await claimShard(options.out, shard);
		const mine = division[shard.index - 1] ?? [];
		const stopping = stopOnSignals();
		cleanup.defer('signals', () => stopping.done());
		if (options.cacheFrom !== undefined) await bringFrom(options.cacheFrom, options, stopping.signal);
		const runs = new Map<string, ShardRun>();
		const lacking = new Map<string, LackingRun>();
		let worst: number = ExitCode.passed;
		for (const plan of plans) {
			const { name } = plan.lab;
			const units = mine.filter(({ lab }) => lab === name);
			if (units.length === 0) continue;
			if (stopping.signal.aborted) {
				lacking.set(name, { at: Date.now(), error: toReported(toFailure(stopping.signal.reason)) });
				continue;
			}
			terminal.stderr.write(`shard ${shard.index} of ${shard.total}: ${name}: ${units.map((unit) => unit.name).join(', ')}\n`);
			const state = await rehearseUnits(plan, units, options, stopping);
			const error = state.runDirectory === '' ? errorOf(state) : undefined;
			if (error) lacking.set(name, { at: state.lastAt ?? Date.now(), error });
			else runs.set(name, { runDirectory: state.runDirectory, failedOrders: failedOrders(state) });
			// The labs that follow make more runs than are kept.
			for (const needed of [state.runDirectory, ...failedOrders(state)]) await holdRun(needed, cleanup);
			const { stdout, stdoutColor: color, width } = terminal;
			stdout.write(json ? resultJson(resultOf(state)) : summary(state, { color, width }));
			worst = Math.max(worst, exitCodeOf(resultOf(state)));
		}
		// One that was broken off is written too: it has why, and no merge passes with it.
		const work = plans.map((plan) => plan.work);
		const record: ShardRecord = { schema: 1, version: toolVersion(), ...shard, work, division, ...(lacking.size > 0 && { lacking: Object.fromEntries(lacking) }) };
		await writeShard(directory, record, runs);
		terminal.stderr.write(`shard ${shard.index} of ${shard.total}: ${plural(mine.length, 'unit')} of work in ${directory}\n`);
		return (stopping.signal.aborted ? Math.max(worst, toFailure(stopping.signal.reason).exitCode) : worst) as ExitCode;
	});

/** Brings what this host lacks. Without it a run builds and boots for itself, so whatever fails is only reported. */
async function bringFrom(directory: string, { paths, terminal }: ShardOptions, signal: AbortSignal): Promise<void> {
	const onProgress = (text: string) => void terminal.stderr.write(`${text}\n`);
	try {
		await bringCache(directory, paths, { onProgress, signal });
	} catch (error) {
		// The labs are recorded as interrupted then, each by itself.
		if (signal.aborted) return;
		onProgress(`not all of ${directory} could be copied: ${(error as Error).message}`);
	}
}

/** Reads the labs, and divides the work on them. @throws Failure `usage` for labs that cannot be rehearsed together */
export async function divideWork(options: Omit<ShardOptions, 'shard' | 'out'>, total: number): Promise<DividedWork> {
	const plans = await readWork(options);
	const times = options.times === undefined ? {} : await readTimes(options.times);
	return { plans, division: divide(plans.map(({ work }) => work), total, times) };
}

/** Reads the labs. @throws Failure `usage` for labs that cannot be rehearsed together */
export async function readWork({ labs, shuffle, robustness, cold, ...options }: Omit<ShardOptions, 'shard' | 'out'>): Promise<ReadWork> {
	if (cold && shuffle) throw usageFailure('--cold uses no checkpoint, --shuffle needs one: give only one of them');
	const plans: ReadWork[number][] = [];
	const flags = flagsOf({ cold, ...options });
	for (const labArgument of labs) {
		const loaded = await loadPlan(labArgument, options.terminal, options);
		const { name, nodes, planSha256 } = loaded.lab;
		if (plans.some(({ lab }) => lab.name === name)) throw usageFailure(`${labArgument}: another of the labs is called ${name} as well`);
		// A lab of one node has one order only.
		const orders = shuffle && nodes.length > 1 ? { shuffle: { count: shuffle.count, seed: shuffle.seed ?? seedOf(planSha256) } } : {};
		if (shuffle && nodes.length < 2 && labs.length === 1) throw usageFailure('--shuffle: a lab of one node has one order only');
		plans.push({ ...loaded, labArgument, work: { lab: name, planSha256, robustness, ...orders, ...flags } });
	}
	return plans;
}

/** The flags that every shard must have been given alike. */
function flagsOf({ cold, defaultTests, scriptTimeoutSeconds }: Pick<ShardOptions, 'cold' | 'defaultTests' | 'scriptTimeoutSeconds'>): Pick<LabWork, 'options'> {
	const given = { ...(defaultTests && { defaultTests }), ...(scriptTimeoutSeconds !== undefined && { scriptTimeoutSeconds }), ...(cold && { cold }) };
	return Object.keys(given).length === 0 ? {} : { options: given };
}

/** A seed that everybody gets who has the same plan. */
const seedOf = (planSha256: string): number => Number.parseInt(planSha256.slice(0, 8), 16);

/** Reads a file of unit times. @throws Failure `usage` for what is none */
export async function readTimes(file: string): Promise<UnitTimes> {
	try {
		const times = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
		if (Object.values(times).every((ms) => typeof ms === 'number' && ms >= 0)) return times as UnitTimes;
	} catch (cause) {
		throw usageFailure(`--times ${file} cannot be read: ${reasonOf(cause)}`, { cause });
	}
	throw usageFailure(`--times ${file}: this is not a file of \`rehearse merge --times\``);
}

async function rehearseUnits(
	{ lab, planText, labArgument, work }: ReadWork[number],
	units: readonly Unit[],
	{ accelerator, limitBytes, mirror, paths, timeLimitMs, showSecrets, cold, course, terminal }: ShardOptions,
	stopping: ReturnType<typeof stopOnSignals>,
): Promise<RunState> {
	const has = (name: string) => units.some((unit) => unit.name === name);
	const only = units.flatMap(({ name }) => orderNumber(name) ?? []);
	const shuffle = work.shuffle && only.length > 0 ? { ...work.shuffle, only } : undefined;
	return rehearseShown(
		{
			...{ lab, planText, labArgument, accelerator, mirror, paths, timeLimitMs, stopping },
			checkpoints: { cold, started: [], limitBytes },
			course: { ...course, keep: 'never', scenario: true, showSecrets, robustness: work.robustness.filter(has) },
		},
		shuffle,
		terminal,
	);
}

const failedOrders = ({ robustness: { shuffle } }: RunState): string[] =>
	(shuffle?.orders ?? []).flatMap(({ verdict, runDirectory }) => (verdict === 'passed' ? [] : [runDirectory]));
