/**
 * `rehearse fleet --on slurm`: the shards are the tasks of an array of jobs. Slurm queues them, finds the hosts, and runs them
 * as this user; this submits, watches, merges, and cancels. Hosts share the directory of the results, and need no more of each
 * other: images and checkpoints that one lacks are copied from beside the results.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { brokenFailure, type ExitCode, reasonOf, toFailure, usageFailure } from '../base/errors.js';
import { formatBytes, lastLines, plural } from '../base/format.js';
import { makeDirectory } from '../base/files.js';
import { packageRoot, programFile } from '../base/package-root.js';
import { pasteable } from '../base/shell.js';
import { layCache } from '../shard/cache.js';
import { shardDirectoryName, shardRecordName } from '../shard/record.js';
import { claimShard } from '../shard/store.js';
import { shardsFor } from '../shard/units.js';
import { clusterFor, findWorkingHosts } from '../slurm/cluster.js';
import { endTasks, followTasks, type BrokenTask } from '../slurm/follow.js';
import { requestFor, requirePossible } from '../slurm/request.js';
import { logName, type JobArray } from '../slurm/submission.js';
import { scancelArgv } from '../slurm/tasks.js';
import { mergeCommand } from './merge.js';
import { openReportsOf } from './run-reports.js';
import { shardArguments, type ShardArguments } from './shard-argv.js';
import { readTimes, readWork } from './shard.js';
import { stopOnSignals, type Stopping } from './stop.js';
import type { FleetOptions } from './fleet.js';

export interface SlurmFleetOptions extends FleetOptions {
	/** Into how many shards the work is divided; by default as many as it is worth. */
	readonly shards: number | undefined;
	/** A directory that all hosts share; the results are kept in it. By default one in the working directory, which goes. */
	readonly out: string | undefined;
	readonly times: string | undefined;
	/** How long everything may take, with the time that jobs wait, in milliseconds. */
	readonly waitMs: number;
}

/** What is decided before anything is submitted. */
interface Submission {
	readonly total: number;
	/** The directory of the shards. */
	readonly out: string;
	/** The hosts that take jobs. */
	readonly hosts: readonly string[];
	readonly jobs: JobArray;
}

/** Rehearses the labs on a Slurm. The exit status is the highest of all labs, as if one machine had done it. */
export async function fleetOnSlurm(options: SlurmFleetOptions): Promise<ExitCode> {
	const stopping = stopOnSignals();
	try {
		const plans = await readWork(options);
		openReportsOf(plans.map(({ lab }) => lab.name), options);
		// Read by the jobs; it is wrong now or never.
		if (options.times !== undefined) await readTimes(options.times);
		const total = options.shards ?? shardsFor(plans.map(({ work }) => work));
		const hosts = await findWorkingHosts(stopping.signal);
		const request = requestFor(plans.map(({ lab }) => lab), hosts);
		requirePossible(request, hosts);
		return await withCleanup(async (cleanup) => {
			const out = await claimOut(options.out, total);
			if (options.out === undefined) cleanup.defer('results', () => rm(out, { recursive: true, force: true }));
			const name = `rehearse-fleet-${randomBytes(4).toString('hex')}`;
			// What lives as long as the jobs.
			const shared = path.join(out, `.${name}`);
			cleanup.defer('directory of the jobs', () => rm(shared, { recursive: true, force: true }));
			const logs = path.join(shared, 'logs');
			const cacheFrom = path.join(shared, 'cache');
			for (const directory of [shared, logs]) await mkdir(directory, { mode: 0o700 });
			const laid = await layCache(plans.map(({ lab }) => lab), options.paths, cacheFrom, stopping.signal);
			const { stderr } = options.terminal;
			stderr.write(`for hosts that lack them: ${plural(laid.images, 'image')} and ${plural(laid.checkpoints, 'checkpoint')} in ${shared}\n`);
			stderr.write(`${plural(total, 'shard')}, each with ${formatBytes(request.memoryMiB * 2 ** 20)} of memory and ${plural(request.processors, 'processor')}, on ${plural(hosts.length, 'host')}\n`);
			const command = [process.execPath, programFile('main'), ...shardArguments({ ...options, out, cacheFrom })];
			const script = path.join(packageRoot(), 'bin', 'lib', 'slurm-job.sh');
			const jobs: JobArray = { name, request, directory: process.cwd(), logs, script: [script, shared, String(total), ...command] };
			await runJobs({ total, out, hosts: hosts.map((host) => host.name), jobs }, options, stopping);
			const shards = Array.from({ length: total }, (_, index) => path.join(out, shardDirectoryName(index + 1, total)));
			return mergeCommand({ ...options, shards, times: undefined, expected: plans.map(({ work }) => work), isTemporary: options.out === undefined });
		});
	} finally {
		stopping.done();
	}
}

/** The directory for the results, absolute. @throws Failure `usage` where results are in it already, or it cannot be made */
async function claimOut(out: string | undefined, total: number): Promise<string> {
	if (out === undefined) {
		return mkdtemp(path.resolve('rehearse-fleet-')).catch((cause: unknown) => {
			throw usageFailure(`results cannot be kept in the working directory: ${reasonOf(cause)}`, { hint: '--out names a directory that all hosts share', cause });
		});
	}
	const directory = path.resolve(out);
	for (let index = 1; index <= total; index++) await claimShard(directory, { index, total });
	await makeDirectory(directory);
	return directory;
}

/** Runs all jobs to their ends. What was begun is taken back where it is broken off. @throws Failure where one left no result */
async function runJobs({ total, out, hosts, jobs }: Submission, options: SlurmFleetOptions, { signal, urgent }: Stopping): Promise<void> {
	const cluster = clusterFor(jobs);
	const hint = `once Slurm answers: ${pasteable(scancelArgv(jobs.name))}`;
	// Reading the directory makes an NFS client ask its server.
	const hasShard = (index: number) => readdirSync(out).includes(shardDirectoryName(index, total)) && existsSync(path.join(out, shardDirectoryName(index, total), shardRecordName));
	const onLine = (line: string) => void options.terminal.stderr.write(`${line}\n`);
	let broken: BrokenTask[];
	try {
		broken = await followTasks(cluster, { total, hosts, hasShard, onLine, limitMs: options.waitMs, signal, urgent });
	} catch (error) {
		onLine('ending the jobs');
		const left = await endTasks(cluster, { hint, urgent }).then(() => [], (failure: unknown) => [failure]);
		for (let index = 1; index <= total; index++) await rm(path.join(out, shardDirectoryName(index, total)), { recursive: true, force: true });
		throw left.length === 0 ? error : new AggregateError([error, ...left], toFailure(error).message);
	}
	if (broken.length > 0) throw await incomplete(broken, total, jobs, options);
}

async function incomplete(broken: readonly BrokenTask[], total: number, { logs }: JobArray, options: SlurmFleetOptions): Promise<Error> {
	const parts = broken.map(async ({ index, array, why }) => {
		const log = await readFile(path.join(logs, logName(array, index)), 'utf8').catch(() => `it has no log either: its host may not see ${logs}`);
		return [`shard ${index} of ${total}: ${why}`, ...lastLines(log, 8).split('\n').filter((line) => line !== '').map((line) => `  ${line}`)].join('\n');
	});
	return brokenFailure('fleet-incomplete', `${plural(broken.length, 'shard')} of ${total} left no result, and without it there is no verdict`, {
		detail: (await Promise.all(parts)).join('\n'),
		hint: options.out === undefined ? '--out keeps the results of the others' : againHint(broken.map(({ index }) => index), total, { ...options, out: options.out }),
	});
}

/** How the shards that left no result are done again, by commands to paste in the same working directory. */
function againHint(missing: readonly number[], total: number, options: ShardArguments & { readonly out: string }): string {
	const commands = missing.map((index) => pasteable(['rehearse', ...shardArguments(options), '--shard', `${index}/${total}`]));
	const again = [...commands.slice(0, mostCommands), ...(commands.length > mostCommands ? ['… and so on for the others'] : [])];
	return [`the results of the others are in ${options.out}; these do what is missing, here or on any host, and merge all:`, ...again, pasteable(['rehearse', 'merge', options.out])].join('\n  ');
}

/** Commands that differ in nothing but the number of their shard, of which so many show how they go. */
const mostCommands = 3;
