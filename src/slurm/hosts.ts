/** The hosts of a cluster, as sinfo(1) lists them. Pure. */

/** A host. */
export interface ClusterHost {
	readonly name: string;
	/** Slurm's word for it, such as `idle`, `mixed` or `down*`. */
	readonly state: string;
	readonly memoryMiB: number;
	readonly processors: number;
}

/** The command that lists them, those of `partition` only where one is named. */
export const sinfoArgv = (partition: string | undefined) =>
	['sinfo', '--noheader', '--Node', '--format=%N|%T|%m|%c', ...(partition === undefined ? [] : [`--partition=${partition}`])] as const;

/** Reads what it prints: a line a host and partition; of the host each line says the same. */
export function parseHosts(text: string): ClusterHost[] {
	const hosts = new Map<string, ClusterHost>();
	for (const line of text.split('\n')) {
		const [name = '', state = '', memory = '', processors = ''] = line.trim().split('|');
		if (name === '' || !/^\d+\+?$/.test(memory)) continue;
		hosts.set(name, { name, state, memoryMiB: Number.parseInt(memory, 10), processors: Number.parseInt(processors, 10) || 1 });
	}
	return [...hosts.values()];
}

const workingStates: readonly string[] = ['allocated', 'allocated+', 'completing', 'idle', 'mixed', 'planned', 'reserved'];

/**
 * Whether a host takes jobs, at once or later. Behind the word of its state Slurm puts a sign: `*` where the host does not
 * answer and `$` where it is being serviced; others where it saves power, from which Slurm wakes it for a job.
 */
export function takesJobs({ state }: Pick<ClusterHost, 'state'>): boolean {
	const word = state.toLowerCase().replace(/[~#!%@^-]+$/, '');
	return workingStates.includes(word);
}
