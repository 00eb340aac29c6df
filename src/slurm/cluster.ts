/** The cluster that this machine submits jobs to. */
import { brokenFailure } from '../base/errors.js';
import { ask } from './ask.js';
import type { Cluster } from './follow.js';
import { parseHosts, sinfoArgv, takesJobs, type ClusterHost } from './hosts.js';
import { parseSubmitted, sbatchArgv, withoutFlags, type JobArray } from './submission.js';
import { parseAccounts, parseQueue, sacctArgv, scancelArgv, squeueArgv } from './tasks.js';

/** The partition that sbatch(1) takes by the environment. */
export const chosenPartition = (environment: NodeJS.ProcessEnv = process.env): string | undefined => environment['SBATCH_PARTITION'] || undefined;

/** All hosts, of the chosen partition where there is one. @throws Failure `slurm-missing`, `slurm-unreachable` */
export async function findHosts(signal?: AbortSignal): Promise<readonly ClusterHost[]> {
	return parseHosts((await ask(sinfoArgv(chosenPartition()), { signal })).stdout);
}

/** The hosts that take jobs. */
export const findWorkingHosts = async (signal?: AbortSignal): Promise<readonly ClusterHost[]> => (await findHosts(signal)).filter(takesJobs);

/** The cluster for the tasks of an array. A submission that has begun comes to its end, unless that is urgent: it has jobs or it has not. */
export const clusterFor = (jobs: JobArray): Cluster => ({
	async submit(indices, without, urgent) {
		const { stdout } = await ask(sbatchArgv(jobs, indices, without), { env: withoutFlags(process.env), signal: urgent });
		const array = parseSubmitted(stdout);
		if (array === undefined) throw brokenFailure('slurm-failed', `sbatch did not report which job it has submitted: ${stdout.trim()}`);
		return array;
	},
	queue: async (signal) => parseQueue((await ask(squeueArgv(jobs.name), { signal })).stdout),
	async accounts(arrays, signal) {
		const { stdout, exitCode } = await ask(sacctArgv(arrays), { allowFailure: true, signal }).catch(() => {
			signal.throwIfAborted();
			return { stdout: '', exitCode: 1 };
		});
		return exitCode === 0 ? parseAccounts(stdout) : [];
	},
	async cancel(signal) {
		await ask(scancelArgv(jobs.name), { allowFailure: true, signal });
	},
});
