/** How an array of jobs is submitted. Pure. */
import type { Argv } from '../process/run.js';
import type { JobRequest } from './request.js';
import { rangesOf } from './tasks.js';

/** An array of jobs. */
export interface JobArray {
	/** The name of its jobs, which nothing else has. */
	readonly name: string;
	readonly request: JobRequest;
	/** The working directory of the jobs. */
	readonly directory: string;
	/** The directory of what they print. */
	readonly logs: string;
	/** The script, which Slurm keeps a copy of, with its arguments. */
	readonly script: readonly [file: string, ...args: string[]];
}

/** The file of what a task prints. */
export const logName = (array: number, index: number): string => `${array}_${index}.log`;

/**
 * The command that submits some tasks. Slurm would run a task again by itself where it has lost a host, any number of times
 * and on the same host.
 * @param without hosts on which none of them is to run
 */
export const sbatchArgv = ({ name, request, directory, logs, script }: JobArray, indices: readonly number[], without: readonly string[]): Argv => [
	'sbatch',
	'--parsable',
	`--job-name=${name}`,
	`--array=${rangesOf(indices)}`,
	'--no-requeue',
	...['--nodes=1', '--ntasks=1', `--cpus-per-task=${request.processors}`, `--mem=${request.memoryMiB}M`],
	`--chdir=${directory}`,
	// A percent sign begins what Slurm fills in.
	`--output=${logs.replaceAll('%', '%%')}/%A_%a.log`,
	...(without.length === 0 ? [] : [`--exclude=${without.join(',')}`]),
	...script,
];

/** Reads what it prints: the number of the array, with the name of the cluster where there are several. */
export const parseSubmitted = (text: string): number | undefined => {
	const [, array] = /^(\d+)(?:;.*)?$/m.exec(text) ?? [];
	return array === undefined ? undefined : Number(array);
};

/** Runs `command` on a host, with what it prints. What it asks for is little: a host that is busy has that as well. */
export const srunArgv = (name: string, host: string, { partition, directory, command }: { readonly partition: string | undefined; readonly directory: string; readonly command: Argv }): Argv => [
	'srun',
	`--job-name=${name}`,
	`--nodelist=${host}`,
	...['--nodes=1', '--ntasks=1', '--cpus-per-task=1', '--mem=512M', '--time=10', '--input=none'],
	...(partition === undefined ? [] : [`--partition=${partition}`]),
	`--chdir=${directory}`,
	...command,
];

/** Variables of this process's environment that a job is not to have: each is a flag, and its command line has those that it needs. */
export const withoutFlags = (environment: NodeJS.ProcessEnv): Record<string, undefined> => {
	const kept = ['REHEARSE_PATIENCE', 'REHEARSE_NO_SETUP'];
	return Object.fromEntries(Object.keys(environment).flatMap((name) => (name.startsWith('REHEARSE_') && !kept.includes(name) ? [[name, undefined]] : [])));
};
