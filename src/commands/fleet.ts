/** `rehearse fleet`: several labs, one after another on this machine, and one verdict. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import type { ExitCode } from '../base/errors.js';
import { mergeCommand } from './merge.js';
import { openReportsOf, type ReportRunOptions } from './run-reports.js';
import { divideWork, rehearseShard, type ShardOptions } from './shard.js';

export interface FleetOptions extends Omit<ShardOptions, 'shard' | 'out' | 'times'>, ReportRunOptions {}

/** Rehearses the labs as one shard, and merges that. The exit status is the highest of all labs, and of what broke them off. */
export const fleetCommand = (options: FleetOptions): Promise<ExitCode> =>
	withCleanup(async (cleanup) => {
		const divided = await divideWork({ ...options, times: undefined }, 1);
		openReportsOf(divided.plans.map(({ lab }) => lab.name), options);
		const out = await mkdtemp(path.join(os.tmpdir(), 'rehearse-fleet-'));
		cleanup.defer('shard', () => rm(out, { recursive: true, force: true }));
		const { stderr } = options.terminal;
		// The summary of each lab as it ends; the results of all at the end.
		const status = await rehearseShard({ ...options, json: false, terminal: { ...options.terminal, stdout: stderr }, shard: { index: 1, total: 1 }, out, times: undefined }, divided);
		// Whoever interrupts it when all labs have ended has not waited for the verdict.
		return Math.max(status, await mergeCommand({ ...options, shards: [out], times: undefined, isOwn: true })) as ExitCode;
	});
