/** The directory of a shard: its record, and of each lab the run that it was a part of. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brokenFailure, Failure, reasonOf, toReported, usageFailure } from '../base/errors.js';
import { makeDirectory, readRegular } from '../base/files.js';
import { washedText } from '../base/wash.js';
import type { RunEvent } from '../lab/events.js';
import { consolesDirectory, eventLogPath, journalsDirectory, planDirectory } from '../runs/run-files.js';
import { maximumStrangeEvents, readEventLog, readPlanCopy } from '../runs/stored-runs.js';
import type { Shard } from './merge.js';
import { parseRecord, shardDirectoryName, shardRecordName, type ShardRecord } from './record.js';

/** The runs of a shard, by the name of the lab. */
export type ShardRuns = ReadonlyMap<string, ShardRun>;

export interface ShardRun {
	readonly runDirectory: string;
	/** Directories of the runs of orders that did not pass. */
	readonly failedOrders: readonly string[];
}

/** Where a shard's directory will be. @throws Failure `usage` where there is one already */
export async function claimShard(out: string, { index, total }: Pick<ShardRecord, 'index' | 'total'>): Promise<string> {
	const directory = path.join(out, shardDirectoryName(index, total));
	if (existsSync(directory)) throw usageFailure(`${directory} is there already`, { hint: 'remove it, or give another --out' });
	await makeDirectory(out).catch((cause: unknown) => {
		throw usageFailure(`--out ${out} cannot be made: ${reasonOf(cause)}`, { cause });
	});
	return directory;
}

/** Writes the directory of a shard. It is there whole or not at all; a run that is lost is recorded as such. */
export async function writeShard(directory: string, record: ShardRecord, runs: ShardRuns): Promise<void> {
	const staging = await mkdtemp(path.join(path.dirname(directory), `.${path.basename(directory)}-`));
	const lacking = { ...record.lacking };
	try {
		for (const [lab, { runDirectory, failedOrders }] of runs) {
			try {
				await copyRun(runDirectory, runIn(staging, lab));
			} catch (error) {
				if (!(error instanceof Failure)) throw error;
				lacking[lab] = { at: Date.now(), error: toReported(error) };
				continue;
			}
			// How an order fared is in the log of the plain run; its own log is only for looking closer.
			for (const failed of failedOrders.filter(hasLog)) await copyRun(failed, orderIn(runIn(staging, lab), failed));
		}
		const whole: ShardRecord = { ...record, ...(Object.keys(lacking).length > 0 && { lacking }) };
		await writeFile(path.join(staging, shardRecordName), `${JSON.stringify(whole, undefined, '\t')}\n`);
		await rename(staging, directory);
	} finally {
		await rm(staging, { recursive: true, force: true });
	}
}

/** The names of labs are those of hosts, so none of them is a path. */
const runIn = (directory: string, lab: string): string => path.join(directory, 'labs', lab);

const orderIn = (run: string, orderDirectory: string): string => path.join(run, 'orders', path.basename(orderDirectory));

/** Whether a run has a log. One that has no directory ('') has none, whatever lies in the working directory. */
const hasLog = (run: string): boolean => run !== '' && existsSync(eventLogPath(run));

/** Copies what reports are made of; of that a run need only have its log. @throws Failure `run-lost` where it has none */
async function copyRun(from: string, to: string): Promise<void> {
	if (!hasLog(from)) {
		throw brokenFailure('run-lost', from === '' ? 'its run had no directory' : `its run was removed before it could be kept: ${from} has no event log`);
	}
	await makeDirectory(to);
	for (const part of [eventLogPath, consolesDirectory, journalsDirectory, planDirectory]) {
		if (existsSync(part(from))) await cp(part(from), part(to), { recursive: true });
	}
}

/**
 * Finds the directories of shards: each that is named, and those within one that holds several.
 * @throws Failure `usage` for a directory with none
 */
export async function findShards(directories: readonly string[]): Promise<string[]> {
	const found = await Promise.all(
		directories.map(async (directory) => {
			if (existsSync(path.join(directory, shardRecordName))) return [directory];
			const within = await readdir(directory, { withFileTypes: true }).catch(() => []);
			const shards = within.map(({ name }) => path.join(directory, name)).filter((inner) => existsSync(path.join(inner, shardRecordName)));
			if (shards.length === 0) throw usageFailure(`${directory} is no shard and holds none`, { hint: '`rehearse run --shard I/N --out DIR` makes one' });
			return shards.sort();
		}),
	);
	return [...new Set(found.flat().map((directory) => path.resolve(directory)))];
}

/** The record of a million orders is this large, in bytes. */
const maximumRecordBytes = 64 * 2 ** 20;

/**
 * Reads a shard. @throws Failure `usage` where it is damaged
 * @param isOwn whether this process has rehearsed it: its runs are where the log says then, and stay there when the shard goes
 */
export async function readShard(directory: string, isOwn = false): Promise<Shard> {
	const file = path.join(directory, shardRecordName);
	const text = await readRegular(file, maximumRecordBytes).catch((cause: unknown) => {
		throw usageFailure((cause as Error).message, { cause });
	});
	const record = parseRecord(text, file);
	const logs = new Map<string, readonly RunEvent[]>();
	for (const { lab } of record.work) {
		const run = runIn(directory, path.basename(lab));
		if (!existsSync(eventLogPath(run))) continue;
		const events = await readEventLog(run, maximumStrangeEvents, directory);
		const plan = (await readPlanCopy(run, directory))?.path ?? '';
		logs.set(lab, isOwn ? events : events.map((event) => movedTo(run, plan, event)));
	}
	return { directory, record, logs };
}

/** An event with the directories that the machine had which ran the shard, as they are here; the name of the plan is its words. */
function movedTo(run: string, planPath: string, event: RunEvent): RunEvent {
	if (event.type === 'run-started') return { ...event, runDirectory: run, planPath: washedText(planPath) };
	if (event.type !== 'order-finished') return event;
	const order = orderIn(run, event.runDirectory);
	return existsSync(order) ? { ...event, runDirectory: order } : event;
}
