/** The command line of a shard on another host: the same work by the same flags. Pure. */
import type { ShardOptions } from './shard.js';

/** What the arguments of a shard are made from. */
export type ShardArguments = Omit<ShardOptions, 'shard' | 'paths' | 'terminal' | 'json'>;

/** The arguments of `rehearse` for a shard; whoever runs them adds --shard. Paths are as seen from the same working directory. */
export function shardArguments(options: ShardArguments): readonly string[] {
	const { labs, accelerator, limitBytes, scriptTimeoutSeconds, showSecrets, mirror, timeLimitMs, cold, course, defaultTests, robustness, shuffle, times, out, cacheFrom } = options;
	const value = (flag: string, text: string | number | undefined) => (text === undefined ? [] : [`--${flag}=${text}`]);
	const given = (flag: string, isGiven: boolean | undefined) => (isGiven ? [`--${flag}`] : []);
	return [
		...['fleet', ...labs],
		...value('accel', accelerator),
		...value('checkpoint-limit', limitBytes / 1e9),
		...value('script-timeout', scriptTimeoutSeconds),
		...given('show-secrets', showSecrets),
		...value('mirror', mirror),
		...value('timeout', timeLimitMs / 1000),
		...given('cold', cold),
		...given('no-trace', !course.trace),
		...given('default-tests', defaultTests),
		...robustness.map((check) => `--${check}`),
		...value('shuffle', shuffle?.count),
		...value('shuffle-seed', shuffle?.seed),
		...value('times', times),
		...value('out', out),
		...value('cache-from', cacheFrom),
	];
}
