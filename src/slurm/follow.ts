/** Follows the tasks of an array of jobs to their ends, and ends them. */
import { brokenFailure, timeLimitFailure, toFailure } from '../base/errors.js';
import { formatMs, plural } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { poll, systemClock, type Clock } from '../base/waiting.js';
import { describeTask, isGoing, judge, type TaskReport } from './tasks.js';

/** A cluster, as far as the tasks of one name are concerned. */
export interface Cluster {
	/** Submits tasks. Resolves to the number of their array. Where `urgent` aborts, jobs may have been submitted or not. */
	submit(indices: readonly number[], without: readonly string[], urgent: AbortSignal): Promise<number>;
	/** All tasks that the controller knows of. */
	queue(signal: AbortSignal): Promise<readonly TaskReport[]>;
	/** What the accounting knows of some arrays; nothing where there is none. */
	accounts(arrays: readonly number[], signal: AbortSignal): Promise<readonly TaskReport[]>;
	/** Asks Slurm to end all tasks. */
	cancel(signal: AbortSignal): Promise<void>;
}

export interface FollowOptions {
	/** How many tasks there are. They have the numbers from 1. */
	readonly total: number;
	/** The hosts that take jobs. */
	readonly hosts: readonly string[];
	/** Whether a task has left its result. */
	readonly hasShard: (index: number) => boolean;
	/** Called with a line for people whenever the state of a task changes. */
	readonly onLine: (line: string) => void;
	/** How long all may take, waiting included, in milliseconds. */
	readonly limitMs: number;
	readonly signal: AbortSignal;
	/** Aborts what is waited for after `signal` as well. */
	readonly urgent: AbortSignal;
	readonly clock?: Clock;
}

/** A task that left no result. */
export interface BrokenTask {
	readonly index: number;
	/** The array in which it ran last. */
	readonly array: number;
	readonly why: string;
}

interface Task {
	readonly index: number;
	array: number;
	wasTriedAgain: boolean;
	/** What was last reported of it. */
	reported: string;
	report: TaskReport;
	/** When it was first seen to have ended. */
	endedAt: number | undefined;
	outcome: 'done' | BrokenTask | undefined;
}

/** How often Slurm is asked: more rarely the longer it takes, since a controller answers everybody of the cluster. */
const intervalOf = (elapsedMs: number): number => Math.min(10_000, 1000 + elapsedMs / 20);

/** How long Slurm may give no answer while jobs run: its controller may be restarted. */
const outageMs = 15 * 60_000;

/** How long a file that another host has written may not be seen here: NFS asks its server again after half a minute. */
const unseenMs = 40_000;

/** Submits all tasks, and follows them. Resolves to those that left no result. @throws Failure when it cannot be known */
export async function followTasks(cluster: Cluster, options: FollowOptions): Promise<BrokenTask[]> {
	const { clock = systemClock, total, limitMs, signal } = options;
	const follower = new Follower(cluster, options, clock);
	const began = clock.now();
	await follower.submit(Array.from({ length: total }, (_, index) => index + 1));
	while (!follower.isOver) {
		signal.throwIfAborted();
		const elapsed = clock.now() - began;
		if (elapsed >= limitMs) throw timeLimitFailure(`the shards took longer than ${formatMs(limitMs)}, with the time that they waited: ${follower.progress}`, { hint: 'give them longer with --wait' });
		await follower.look();
		if (!follower.isOver) await clock.sleep(Math.min(intervalOf(elapsed), Math.max(1, limitMs - elapsed)), signal);
	}
	return follower.broken;
}

class Follower {
	readonly #cluster: Cluster;
	readonly #options: FollowOptions;
	readonly #clock: Clock;
	readonly #tasks = new Map<number, Task>();
	#answeredAt: number;
	#isAway = false;

	constructor(cluster: Cluster, options: FollowOptions, clock: Clock) {
		this.#cluster = cluster;
		this.#options = options;
		this.#clock = clock;
		this.#answeredAt = clock.now();
	}

	get isOver(): boolean {
		return [...this.#tasks.values()].every(({ outcome }) => outcome !== undefined);
	}

	get broken(): BrokenTask[] {
		return [...this.#tasks.values()].flatMap(({ outcome }) => (outcome === undefined || outcome === 'done' ? [] : [outcome]));
	}

	/** How many have ended, for people. */
	get progress(): string {
		const ended = [...this.#tasks.values()].filter(({ outcome }) => outcome !== undefined).length;
		return `${ended} of ${plural(this.#tasks.size, 'shard')} had ended`;
	}

	async submit(indices: readonly number[], without: readonly string[] = []): Promise<void> {
		const array = await this.#cluster.submit(indices, without, this.#options.urgent);
		const elsewhere = without.length === 0 ? '' : `, not on ${without.join(', ')}`;
		this.#options.onLine(`job ${array}: ${indices.length === 1 ? `shard ${indices[0]}` : plural(indices.length, 'shard')} submitted${elsewhere}`);
		for (const index of indices) {
			const report = { array, index, state: 'PENDING', host: '', reason: '' };
			this.#tasks.set(index, { index, array, wasTriedAgain: without.length > 0, reported: '', report, endedAt: undefined, outcome: undefined });
		}
	}

	/** Looks at all tasks once, and does what is to be done about each. */
	async look(): Promise<void> {
		const open = [...this.#tasks.values()].filter(({ outcome }) => outcome === undefined);
		const reports = await this.#reports(open);
		if (!reports) return;
		const lost = new Map<string, number[]>();
		for (const task of open) {
			task.report = reports.get(task.index) ?? { ...task.report, state: 'FORGOTTEN', reason: '' };
			const line = describeTask(task.report, this.#options.total);
			if (line !== task.reported) this.#options.onLine((task.reported = line));
			const without = this.#judge(task);
			if (without !== undefined) lost.set(without, [...(lost.get(without) ?? []), task.index]);
		}
		for (const [without, indices] of lost) await this.#tryElsewhere(indices, without);
	}

	/** What is known of some tasks, by their number; undefined where Slurm gave no answer. */
	async #reports(tasks: readonly Task[]): Promise<ReadonlyMap<number, TaskReport> | undefined> {
		const found = new Map<number, TaskReport>();
		const note = (reports: readonly TaskReport[]) => {
			for (const report of reports) if (tasks.some(({ index, array }) => index === report.index && array === report.array)) found.set(report.index, report);
		};
		try {
			note(await this.#cluster.queue(this.#options.signal));
			this.#answeredAt = this.#clock.now();
			this.#isAway = false;
		} catch (error) {
			this.#options.signal.throwIfAborted();
			if (this.#clock.now() - this.#answeredAt > outageMs) throw error;
			if (!this.#isAway) this.#options.onLine(`${toFailure(error).message}: asking again`);
			this.#isAway = true;
			return undefined;
		}
		const missing = tasks.filter(({ index }) => !found.has(index));
		if (missing.length > 0) note(await this.#cluster.accounts([...new Set(missing.map(({ array }) => array))], this.#options.signal));
		return found;
	}

	/** Notes what came of a task. Returns the host without which it is to be tried again. */
	#judge(task: Task): string | undefined {
		const { index, array, report, wasTriedAgain } = task;
		const decision = judge(report, { hasShard: this.#options.hasShard(index), wasTriedAgain });
		if (decision.is === 'done') task.outcome = 'done';
		// One that Slurm did not list yet, a moment after its submission, had not ended.
		if (decision.is === 'going') task.endedAt = undefined;
		if (decision.is === 'retry') return decision.without;
		if (decision.is !== 'broken') return undefined;
		// One that ended by itself may have left a result that is not to be seen here yet.
		task.endedAt ??= this.#clock.now();
		const endedBySelf = ['COMPLETED', 'FAILED', 'FORGOTTEN'].includes(report.state);
		if (!endedBySelf || this.#clock.now() - task.endedAt >= unseenMs) task.outcome = { index, array, why: decision.why };
		return undefined;
	}

	async #tryElsewhere(indices: readonly number[], without: string): Promise<void> {
		const { hosts, onLine } = this.#options;
		onLine(`${without} was lost with ${indices.map((index) => `shard ${index}`).join(', ')}`);
		if (hosts.some((host) => host !== without)) return this.submit(indices, [without]);
		for (const task of indices.flatMap((index) => this.#tasks.get(index) ?? [])) {
			task.outcome = { index: task.index, array: task.array, why: `${without} was lost, and there is no other host` };
		}
	}
}

/** How long Slurm may take to end jobs: it waits half a minute between SIGTERM and SIGKILL, more where it is configured so. */
const endMs = 120_000;

/** Ends all tasks, and waits until none of them goes on. @throws Failure `slurm-jobs-left` when some do. @param urgent aborts the wait */
export async function endTasks(cluster: Cluster, { hint, urgent, clock = systemClock }: { readonly hint: string; readonly urgent: AbortSignal; readonly clock?: Clock }): Promise<void> {
	const left = async () => {
		// Again each time: one that was just being submitted comes after the first.
		await cluster.cancel(urgent);
		return (await cluster.queue(urgent)).filter(isGoing);
	};
	let going: readonly TaskReport[] | undefined;
	try {
		const probe = async () => (going = await left());
		({ last: going } = await poll(probe, (tasks) => tasks?.length === 0, { intervalMs: 1000, deadlineMs: patiently(endMs), clock, signal: urgent }));
	} catch (cause) {
		// Whoever will not wait is told what is known: nothing, where Slurm has not answered yet.
		if (!urgent.aborted || going === undefined) throw brokenFailure('slurm-jobs-left', `it is not known whether jobs are left: ${toFailure(cause).message}`, { hint, cause });
	}
	if (going === undefined || going.length === 0) return;
	const which = going.map(({ array, index, state, host }) => `${array}_${index} ${state}${host === '' ? '' : ` on ${host}`}`);
	throw brokenFailure('slurm-jobs-left', `Slurm has not ended ${plural(going.length, 'job')} yet: ${which.join(', ')}`, { hint });
}
