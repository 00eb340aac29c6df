/** The tasks of an array of jobs: the commands that ask Slurm for them, and readers of its answers. Pure. */
import type { Argv } from '../process/run.js';

/** A task as Slurm reports it. */
export interface TaskReport {
	/** The number of its array. */
	readonly array: number;
	/** Its number in that array, which is that of its shard. */
	readonly index: number;
	/** Its state as Slurm names it, such as `PENDING` or `NODE_FAIL`. */
	readonly state: string;
	/** The host that it runs or ran on; empty for none. */
	readonly host: string;
	/** Why it waits, as Slurm names it; empty where it does not. */
	readonly reason: string;
}

/** Asks for all tasks of the jobs of a name, also for those that have ended a short time ago. */
export const squeueArgv = (name: string): Argv =>
	['squeue', '--noheader', '--array', '--states=all', `--name=${name}`, '--format=%F|%K|%T|%N|%r'];

/** Reads what squeue(1) prints. */
export function parseQueue(text: string): TaskReport[] {
	return text.split('\n').flatMap((line): TaskReport[] => {
		const [array = '', index = '', state = '', host = '', reason = ''] = line.trim().split('|');
		if (!/^\d+$/.test(array) || !/^\d+$/.test(index)) return [];
		return [{ array: Number(array), index: Number(index), state, host, reason: reason === 'None' ? '' : reason }];
	});
}

/** Asks the accounting for tasks that the controller has forgotten. Many clusters have none. */
export const sacctArgv = (arrays: readonly number[]): Argv =>
	['sacct', '--noheader', '--parsable2', '--allocations', `--jobs=${arrays.join(',')}`, '--format=JobID,State,NodeList'];

/** Reads what sacct(1) prints. */
export function parseAccounts(text: string): TaskReport[] {
	return text.split('\n').flatMap((line): TaskReport[] => {
		const [job = '', state = '', host = ''] = line.trim().split('|');
		const [, array, index] = /^(\d+)_(\d+)$/.exec(job) ?? [];
		if (array === undefined || index === undefined) return [];
		// Such as `CANCELLED by 1000`.
		const name = state.replace(/ .*/, '');
		return [{ array: Number(array), index: Number(index), state: name, host: host === 'None assigned' ? '' : host, reason: '' }];
	});
}

/** Cancels all jobs of a name. None is no error. */
export const scancelArgv = (name: string): Argv => ['scancel', `--name=${name}`];

const goingStates: readonly string[] = ['PENDING', 'RUNNING', 'SUSPENDED', 'CONFIGURING', 'COMPLETING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESIZING', 'SIGNALING', 'SPECIAL_EXIT', 'STAGE_OUT', 'STOPPED', 'RESV_DEL_HOLD'];

/** Whether a task may still do something. */
export const isGoing = ({ state }: Pick<TaskReport, 'state'>): boolean => goingStates.includes(state);

/** States of a task that its host has ended, and nothing that it did. */
const lostStates: readonly string[] = ['NODE_FAIL', 'BOOT_FAIL', 'LAUNCH_FAILED', 'RECONFIG_FAIL'];

/** Whether a task was lost with its host. */
export const isLost = ({ state }: Pick<TaskReport, 'state'>): boolean => lostStates.includes(state);

/** The state of a task, for people. @param total number of shards */
export function describeTask({ index, state, host, reason }: TaskReport, total: number): string {
	const where = host === '' ? '' : ` on ${host}`;
	const texts: Readonly<Record<string, string>> = {
		PENDING: `waits${reason === '' ? '' : ` (${reason})`}`,
		CONFIGURING: `waits for${host === '' ? ' its host' : ` ${host}`}`,
		RUNNING: `runs${where}`,
		COMPLETING: `ends${where}`,
		COMPLETED: `has ended${where}`,
		FORGOTTEN: 'is not known to Slurm',
	};
	return `shard ${index} of ${total}: ${texts[state] ?? `${state}${where}`}`;
}

/** What is to be done about a task. */
export type Decision = { readonly is: 'going' | 'done' } | { readonly is: 'retry'; readonly without: string } | { readonly is: 'broken'; readonly why: string };

/**
 * Judges a task by what it has left, which alone has its outcome, and by its state: one that was lost with its host is
 * tried again once, elsewhere.
 */
export function judge(report: TaskReport, { hasShard, wasTriedAgain }: { readonly hasShard: boolean; readonly wasTriedAgain: boolean }): Decision {
	if (isGoing(report)) return { is: 'going' };
	if (hasShard) return { is: 'done' };
	if (isLost(report) && report.host !== '' && !wasTriedAgain) return { is: 'retry', without: report.host };
	const where = report.host === '' ? '' : ` on ${report.host}`;
	return { is: 'broken', why: `job ${report.array}_${report.index}${where} ended with ${report.state} and left no result${wasTriedAgain ? ', as its first try had' : ''}` };
}

/** Numbers as `--array` takes them: `1-3,5`. */
export function rangesOf(indices: readonly number[]): string {
	const ranges: [number, number][] = [];
	for (const index of [...new Set(indices)].sort((a, b) => a - b)) {
		const last = ranges.at(-1);
		if (last && last[1] === index - 1) last[1] = index;
		else ranges.push([index, index]);
	}
	return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
