/** `rehearse doctor --on slurm`: what each host of the cluster has and lacks. */
import { randomBytes } from 'node:crypto';
import { ExitCode, hostFailure } from '../base/errors.js';
import { plural } from '../base/format.js';
import { programFile } from '../base/package-root.js';
import { allCanRun, hostsObject, renderHosts } from '../report/hosts.js';
import { ask } from '../slurm/ask.js';
import { findHosts } from '../slurm/cluster.js';
import { takesJobs } from '../slurm/hosts.js';
import { checkHosts } from '../slurm/check-hosts.js';
import { scancelArgv } from '../slurm/tasks.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';

export interface SlurmDoctorOptions {
	readonly json: boolean;
	/** Whether ISOs are to be made there. */
	readonly iso: boolean;
	/** How long a host may take, with the time until it has a place for a job, in milliseconds. */
	readonly waitMs: number;
	readonly terminal: Pick<Terminal, 'stdout' | 'stderr' | 'stdoutColor'>;
}

/** Looks at all hosts. The exit status is 0 when a rehearsal can run on each that takes jobs, otherwise 3. */
export async function doctorOnSlurm({ json, iso, waitMs, terminal: { stdout, stderr, stdoutColor: color } }: SlurmDoctorOptions): Promise<ExitCode> {
	const stopping = stopOnSignals();
	const name = `rehearse-doctor-${randomBytes(4).toString('hex')}`;
	try {
		const hosts = await findHosts(stopping.signal);
		if (hosts.length === 0) throw hostFailure('slurm-impossible', 'Slurm has no hosts', { hint: 'sinfo lists them; SBATCH_PARTITION names a partition' });
		stderr.write(`asking ${plural(hosts.filter(takesJobs).length, 'host')}, each by a job\n`);
		const command = [process.execPath, programFile('main'), 'doctor', '--json', ...(iso ? ['--iso'] : [])] as const;
		try {
			const looked = await checkHosts(hosts, { name, directory: process.cwd(), command: [...command], limitMs: waitMs, signal: stopping.signal });
			stdout.write(json ? `${JSON.stringify(hostsObject(looked), undefined, 2)}\n` : renderHosts(looked, { color }));
			return allCanRun(looked) ? ExitCode.passed : ExitCode.host;
		} finally {
			// Also those of which nobody waits for the answer any more.
			await ask(scancelArgv(name), { allowFailure: true }).catch((error: unknown) => stderr.write(`jobs may be left: ${(error as Error).message}\n`));
		}
	} finally {
		stopping.done();
	}
}
