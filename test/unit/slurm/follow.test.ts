import test from 'ava';
import { brokenFailure, hostFailure } from '../../../src/base/errors.js';
import { endTasks, followTasks, type Cluster, type FollowOptions } from '../../../src/slurm/follow.js';
import type { TaskReport } from '../../../src/slurm/tasks.js';
import { FakeClock } from '../base/fake-clock.js';

/** How a task goes, by the try (from 1) and the time in milliseconds. */
type Course = (index: number, attempt: number, at: number) => Partial<TaskReport> | undefined;

interface Played {
	readonly cluster: Cluster;
	readonly clock: FakeClock;
	readonly submitted: { readonly indices: readonly number[]; readonly without: readonly string[] }[];
	readonly lines: string[];
	readonly options: FollowOptions;
}

/** A cluster of hosts `one` and `two` whose tasks go as `course` says. */
function play(total: number, course: Course, rest: Partial<FollowOptions> = {}): Played {
	const clock = new FakeClock();
	const submitted: Played['submitted'] = [];
	const lines: string[] = [];
	const queue = async () =>
		submitted.flatMap(({ indices }, array) =>
			indices.flatMap((index): TaskReport[] => {
				const attempt = submitted.slice(0, array + 1).filter((one) => one.indices.includes(index)).length;
				const report = course(index, attempt, clock.now());
				return report ? [{ array: array + 1, index, state: 'RUNNING', host: 'one', reason: '', ...report }] : [];
			}),
		);
	const cluster: Cluster = {
		queue,
		submit: async (indices, without) => submitted.push({ indices, without }),
		accounts: async () => [],
		cancel: async () => undefined,
	};
	const signal = new AbortController().signal;
	const options = { total, hosts: ['one', 'two'], hasShard: () => true, onLine: (line: string) => void lines.push(line), limitMs: 3_600_000, signal, urgent: signal, clock, ...rest };
	return { cluster, clock, submitted, lines, options };
}

test('tasks are followed to their ends, and each change is reported once', async (t) => {
	const { cluster, options, lines, submitted } = play(2, (index, _attempt, at) => (at < 5000 * index ? { state: 'PENDING', host: '', reason: 'Resources' } : { state: at < 20_000 ? 'RUNNING' : 'COMPLETED' }));
	t.deepEqual(await followTasks(cluster, options), []);
	t.deepEqual(submitted, [{ indices: [1, 2], without: [] }]);
	t.deepEqual(lines, [
		'job 1: 2 shards submitted',
		'shard 1 of 2: waits (Resources)',
		'shard 2 of 2: waits (Resources)',
		'shard 1 of 2: runs on one',
		'shard 2 of 2: runs on one',
		'shard 1 of 2: has ended on one',
		'shard 2 of 2: has ended on one',
	]);
});

test('tasks that are lost with their host are tried again without it, together', async (t) => {
	const lost = new Set([2, 3]);
	const { cluster, options, submitted, lines } = play(3, (index, attempt) => (lost.has(index) && attempt === 1 ? { state: 'NODE_FAIL', host: 'two' } : { state: 'COMPLETED' }), {
		hasShard: (index) => !lost.has(index) || submitted.length > 1,
	});
	t.deepEqual(await followTasks(cluster, options), []);
	t.deepEqual(submitted, [
		{ indices: [1, 2, 3], without: [] },
		{ indices: [2, 3], without: ['two'] },
	]);
	t.true(lines.includes('two was lost with shard 2, shard 3'));
});

test('once: the second loss is reported', async (t) => {
	const { cluster, options, submitted } = play(1, (_index, attempt) => ({ state: 'NODE_FAIL', host: attempt === 1 ? 'two' : 'one' }), { hasShard: () => false });
	const broken = await followTasks(cluster, options);
	t.is(submitted.length, 2);
	t.deepEqual(broken, [{ index: 1, array: 2, why: 'job 2_1 on one ended with NODE_FAIL and left no result, as its first try had' }]);
});

test('there may be nowhere else', async (t) => {
	const { cluster, options, submitted } = play(1, () => ({ state: 'NODE_FAIL', host: 'one' }), { hosts: ['one'], hasShard: () => false });
	t.deepEqual(await followTasks(cluster, options), [{ index: 1, array: 1, why: 'one was lost, and there is no other host' }]);
	t.is(submitted.length, 1);
});

test('a result may be seen some time after the end of its task', async (t) => {
	const { cluster, options, clock } = play(1, () => ({ state: 'COMPLETED' }), { hasShard: () => clock.now() > 20_000 });
	t.deepEqual(await followTasks(cluster, options), []);
	const never = play(1, () => ({ state: 'FAILED' }), { hasShard: () => false });
	t.is((await followTasks(never.cluster, never.options)).length, 1);
	t.true(never.clock.now() >= 40_000);
	const cancelled = play(1, () => ({ state: 'CANCELLED' }), { hasShard: () => false });
	t.is((await followTasks(cancelled.cluster, cancelled.options)).length, 1);
	t.is(cancelled.clock.now(), 1000);
});

test('what the controller has forgotten is asked of the accounting, and else judged by what it left', async (t) => {
	const { cluster, options } = play(1, () => undefined, { hasShard: () => false });
	const accounts = async () => [{ array: 1, index: 1, state: 'TIMEOUT', host: 'one', reason: '' }];
	t.like((await followTasks({ ...cluster, accounts }, options))[0], { why: 'job 1_1 on one ended with TIMEOUT and left no result' });
	const forgotten = play(1, () => undefined);
	t.deepEqual(await followTasks(forgotten.cluster, forgotten.options), []);
});

test('a controller that is being restarted is asked again; one that stays away is reported', async (t) => {
	const away = hostFailure('slurm-unreachable', 'no controller of Slurm answers squeue');
	const { cluster, options, clock } = play(1, () => ({ state: 'COMPLETED' }));
	const queue = async () => {
		if (clock.now() < 60_000) throw away;
		return cluster.queue(options.signal);
	};
	t.deepEqual(await followTasks({ ...cluster, queue }, options), []);
	const gone = play(1, () => undefined);
	await t.throwsAsync(followTasks({ ...gone.cluster, queue: async () => Promise.reject(away) }, gone.options), { code: 'slurm-unreachable' });
	t.true(gone.clock.now() > 15 * 60_000);
});

test('everything together has a limit, and the signal ends it', async (t) => {
	const { cluster, options } = play(2, (index) => ({ state: index === 1 ? 'COMPLETED' : 'PENDING' }), { limitMs: 60_000 });
	await t.throwsAsync(followTasks(cluster, options), { code: 'time-limit', message: /: 1 of 2 shards had ended$/ });
	const aborting = new AbortController();
	const interrupted = play(1, () => ({ state: 'RUNNING' }), { signal: aborting.signal, onLine: (line) => line.includes('runs') && aborting.abort(new Error('stop')) });
	await t.throwsAsync(followTasks(interrupted.cluster, interrupted.options), { message: 'stop' });
});

test('whatever Slurm is asked, the signal ends the wait for its answer; a submission ends with the urgent one', async (t) => {
	const { cluster, options } = play(1, () => undefined);
	const aborting = new AbortController();
	const urging = new AbortController();
	const until = (signal: AbortSignal) => new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
	const accounts = (_arrays: readonly number[], signal: AbortSignal) => {
		setImmediate(() => aborting.abort(new Error('stop')));
		return until(signal);
	};
	await t.throwsAsync(followTasks({ ...cluster, accounts }, { ...options, signal: aborting.signal }), { message: 'stop' });
	const submit = (_indices: readonly number[], _without: readonly string[], urgent: AbortSignal) => {
		setImmediate(() => urging.abort(new Error('at once')));
		return until(urgent);
	};
	await t.throwsAsync(followTasks({ ...cluster, submit }, { ...options, signal: aborting.signal, urgent: urging.signal }), { message: 'at once' });
});

test('tasks are ended until none goes on; cancelled again each time', async (t) => {
	let cancelled = 0;
	const { cluster, clock } = play(1, (_index, _attempt, at) => ({ state: at < 5000 ? 'COMPLETING' : 'CANCELLED' }));
	const urgent = new AbortController().signal;
	await cluster.submit([1], [], urgent);
	await endTasks({ ...cluster, cancel: async () => void (cancelled += 1) }, { hint: 'scancel', urgent, clock });
	t.is(cancelled, 5);
	const stuck = play(1, () => ({ state: 'COMPLETING', host: 'two' }));
	await stuck.cluster.submit([1], [], urgent);
	await t.throwsAsync(endTasks(stuck.cluster, { hint: 'scancel', urgent, clock: stuck.clock }), { code: 'slurm-jobs-left', message: 'Slurm has not ended 1 job yet: 1_1 COMPLETING on two' });
	await t.throwsAsync(endTasks({ ...stuck.cluster, queue: async () => Promise.reject(brokenFailure('x', 'no answer')) }, { hint: 'scancel', urgent, clock: stuck.clock }), {
		code: 'slurm-jobs-left',
		message: 'it is not known whether jobs are left: no answer',
	});
	// Whoever will not wait, while Slurm has not answered at all.
	const impatient = AbortSignal.abort(new Error('interrupted by SIGINT'));
	await t.throwsAsync(endTasks({ ...stuck.cluster, cancel: () => Promise.reject(impatient.reason as Error) }, { hint: 'scancel', urgent: impatient, clock: stuck.clock }), { code: 'slurm-jobs-left', message: /^it is not known whether jobs are left/ });
});
