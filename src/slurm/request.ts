/** What a job asks of the host that it runs on, from the labs that it rehearses. Pure. */
import { hostFailure } from '../base/errors.js';
import { formatBytes } from '../base/format.js';
import type { Lab } from '../lab/lab.js';
import type { ClusterHost } from './hosts.js';

/** What Slurm keeps free for a job. */
export interface JobRequest {
	readonly memoryMiB: number;
	readonly processors: number;
}

/** What QEMU, the tool and a lab's disks take beside the memory of the machines, as a part of that. */
const besides = 0.25;

/**
 * The request of a job that rehearses one of the labs at a time: the memory of the machines of the largest and 25 %, and a
 * processor for each of theirs. Processors are shared, so no more of them are asked for than a host has; memory is not.
 */
export function requestFor(labs: readonly Pick<Lab, 'nodes'>[], hosts: readonly ClusterHost[]): JobRequest {
	const largest = (of: (node: Lab['nodes'][number]) => number) =>
		Math.max(...labs.map(({ nodes }) => nodes.reduce((sum, node) => sum + of(node), 0)));
	const memoryMiB = Math.ceil(largest(({ memoryMiB }) => memoryMiB) * (1 + besides));
	const able = hosts.filter((host) => host.memoryMiB >= memoryMiB);
	const available = Math.max(1, ...able.map(({ processors }) => processors));
	return { memoryMiB, processors: Math.min(largest(({ vcpus = 1 }) => vcpus), available) };
}

const mebibytes = (count: number): string => formatBytes(count * 2 ** 20);

/** Checks that some host can ever take such a job. @throws Failure `slurm-impossible` (exit 3) */
export function requirePossible({ memoryMiB }: JobRequest, hosts: readonly ClusterHost[]): void {
	const [largest] = hosts.toSorted((one, other) => other.memoryMiB - one.memoryMiB);
	if (!largest) {
		throw hostFailure('slurm-impossible', 'Slurm has no host that takes jobs', { hint: 'sinfo --Node --long says what is wrong with each' });
	}
	if (largest.memoryMiB >= memoryMiB) return;
	throw hostFailure(
		'slurm-impossible',
		`a job needs ${mebibytes(memoryMiB)} of memory, its machines' and a quarter more, and the largest host that takes jobs, ${largest.name}, has ${mebibytes(largest.memoryMiB)}`,
		{ hint: 'give the machines of the plan less memory, or name a partition with larger hosts: SBATCH_PARTITION' },
	);
}
