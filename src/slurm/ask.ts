/** Runs Slurm's commands, and turns their errors into failures of this tool. */
import { brokenFailure, hostFailure, type Failure } from '../base/errors.js';
import { lastLines } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { withDeadline } from '../base/waiting.js';
import { startChild } from '../process/child.js';
import { findProgram } from '../process/find-program.js';
import type { Argv } from '../process/run.js';

export interface AskOptions {
	readonly signal?: AbortSignal | undefined;
	readonly timeoutMs?: number;
	readonly env?: Record<string, string | undefined>;
	/** Whether an exit status other than 0 is an answer as well. */
	readonly allowFailure?: boolean;
}

/** The output of a command. */
export interface Answer {
	readonly stdout: string;
	readonly stderr: string;
	readonly exitCode: number;
}

/** A controller is asked again by the commands themselves for some time. */
const answerMs = 120_000;

/**
 * Runs a command of Slurm, out of reach of the terminal's Ctrl-C: one that submits is not ended halfway.
 * @throws Failure `slurm-missing` or what `slurmFailure` makes of its message
 */
export async function ask(argv: Argv, { signal, timeoutMs = patiently(answerMs), env = {}, allowFailure = false }: AskOptions = {}): Promise<Answer> {
	if (!(await findProgram(argv[0]))) {
		throw hostFailure('slurm-missing', `${argv[0]} was not found: this machine submits no jobs to a Slurm`, {
			hint: 'log in where `sinfo` lists the hosts of the cluster, or install the package slurm-client with the configuration of the cluster',
		});
	}
	signal?.throwIfAborted();
	let stdout = '';
	let stderr = '';
	const child = await startChild(argv, {
		// What is read below is in English and in UTF-8 anyway; times are not read.
		env,
		onStdout: (chunk) => (stdout += chunk.toString('utf8')),
		onStderr: (chunk) => (stderr += chunk.toString('utf8')),
	});
	try {
		const { exitCode, signal: killedBy } = await withDeadline(child.exited, timeoutMs, () => brokenFailure('command-timeout', `Slurm gave no answer in time: ${child.command}`), signal);
		if (exitCode === 0 || (allowFailure && exitCode !== undefined)) return { stdout, stderr, exitCode };
		throw slurmFailure(argv, stderr || stdout, killedBy ?? `status ${exitCode}`);
	} finally {
		await child.stop({ graceMs: patiently(5000) });
	}
}

/** Messages of Slurm where no controller answers, or where none is configured. */
const unreachable = /Unable to contact slurm controller|establish a configuration source|resolve_ctls_from_dns_srv|Connection (?:refused|timed out)|Socket timed out|connect failure|No route to host|Zero Bytes were transmitted|slurm_persist_conn_open/i;

/** Its messages about a request that no host can ever meet. */
const impossible = /Requested node configuration is not available|can not be satisfied|more processors requested than permitted|Requested partition configuration not available/i;

/** Its messages to users whom it does not know, or does not let in. */
const refused = /permission denied|Invalid account|Invalid user|Invalid partition|invalid partition specified|Munge|authentication/i;

/** The failure behind the message of a command. @param how how the command ended */
export function slurmFailure(argv: Argv, message: string, how: string): Failure {
	const detail = lastLines(message, 10);
	const options = { detail: detail === '' ? undefined : detail };
	if (unreachable.test(message)) {
		return hostFailure('slurm-unreachable', `no controller of Slurm answers ${argv[0]}`, { ...options, hint: '`scontrol ping` shows which is asked; SLURM_CONF names another configuration' });
	}
	if (impossible.test(message)) {
		return hostFailure('slurm-impossible', 'no host of the cluster can take such a job', { ...options, hint: 'sinfo --Node --long lists the hosts; SBATCH_PARTITION names another partition' });
	}
	if (refused.test(message)) {
		return hostFailure('slurm-refused', `Slurm does not take it from this user: ${argv[0]}`, { ...options, hint: 'SBATCH_PARTITION and SBATCH_ACCOUNT name partition and account' });
	}
	return brokenFailure('slurm-failed', `${argv[0]} ended with ${how}`, options);
}
