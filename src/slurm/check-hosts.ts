/** Looks at each host of a cluster through a job that runs `rehearse doctor --json` there. */
import type { CheckedRequirement, RequirementStatus } from '../base/requirement.js';
import { toFailure } from '../base/errors.js';
import { formatMs, lastLines, oneLine } from '../base/format.js';
import { Semaphore } from '../base/semaphore.js';
import { isRecord, isText } from '../base/untrusted.js';
import { washed } from '../base/wash.js';
import type { Argv } from '../process/run.js';
import type { HostReport } from '../report/hosts.js';
import { ask, type Answer } from './ask.js';
import { chosenPartition } from './cluster.js';
import { takesJobs, type ClusterHost } from './hosts.js';
import { srunArgv, withoutFlags } from './submission.js';

export interface HostCheckOptions {
	/** The name of its jobs, which nothing else has. */
	readonly name: string;
	/** The working directory, in which the hosts are to be as well. */
	readonly directory: string;
	/** `rehearse doctor --json`, as it is started on a host. */
	readonly command: Argv;
	/** How long a host may take, with the time until it has a place, in milliseconds. */
	readonly limitMs: number;
	readonly signal: AbortSignal;
}

/** As many srun(1) at once as a machine and a controller bear. */
const atOnce = 32;

/** Looks at all hosts that take jobs, at the same time. */
export async function checkHosts(hosts: readonly ClusterHost[], options: HostCheckOptions): Promise<HostReport[]> {
	const semaphore = new Semaphore(atOnce);
	return Promise.all(
		hosts.map(async (host): Promise<HostReport> => {
			const report = { name: host.name, state: host.state, takesJobs: takesJobs(host) };
			return report.takesJobs ? { ...report, ...(await semaphore.take(() => look(host.name, options))) } : report;
		}),
	);
}

async function look(host: string, { name, directory, command, limitMs, signal }: HostCheckOptions): Promise<Pick<HostReport, 'checked' | 'problem'>> {
	const argv = srunArgv(name, host, { partition: chosenPartition(), directory, command });
	try {
		return read(await ask(argv, { signal, timeoutMs: limitMs, allowFailure: true, env: withoutFlags(process.env) }), directory);
	} catch (error) {
		signal.throwIfAborted();
		const { code, message, detail } = toFailure(error);
		if (code === 'command-timeout') return { problem: `no answer within ${formatMs(limitMs)}: it may have had no place for a job` };
		return { problem: [message, detail ?? ''].join('\n').trim() };
	}
}

/** Reads from the output of a job what its host has and lacks. */
export function read({ stdout, stderr, exitCode }: Answer, directory: string): Pick<HostReport, 'checked' | 'problem'> {
	const checked = parseDoctor(stdout);
	if (!checked) {
		const missing = /execve\(\): (\S+): No such file/.exec(stderr)?.[1];
		if (missing !== undefined) return { problem: `it has no ${oneLine(missing)}, which has to be at the same path as here` };
		if (/Cannot find module/.test(stderr)) return { problem: 'rehearse is not there at the path that it has here' };
		return { problem: `rehearse doctor ended there with status ${exitCode}\n${washed(lastLines(stderr, 6))}`.trim() };
	}
	const isShared = !/couldn't chdir to/.test(stderr);
	const shared: CheckedRequirement = {
		...{ id: 'shared-directory', title: 'this directory', needed: 'for results, on all hosts' },
		...(isShared ? { status: 'ok', found: directory } : { status: 'warning', found: `${directory} is not there`, fix: 'start fleet in a directory that all hosts share, or give it one as --out' }),
	};
	return { checked: [...checked, shared] };
}

const statuses: readonly string[] = ['ok', 'warning', 'missing', 'too old'];

/** Reads what `doctor --json` printed; undefined for anything else. What a job's prolog prints before it is skipped. */
function parseDoctor(text: string): CheckedRequirement[] | undefined {
	let value: unknown;
	try {
		value = JSON.parse(text.slice(text.indexOf('{')));
	} catch {
		return undefined;
	}
	const requirements = isRecord(value) ? value['requirements'] : undefined;
	if (!Array.isArray(requirements)) return undefined;
	return requirements.flatMap((one: unknown): CheckedRequirement[] => {
		if (!isRecord(one)) return [];
		const { id, title, status, found, needed, fix } = one;
		if (!isText(id) || !isText(title) || !isText(found) || !isText(needed) || !isText(status) || !statuses.includes(status)) return [];
		return [washed({ id, title, status: status as RequirementStatus, found, needed, ...(isText(fix) ? { fix } : {}) })];
	});
}
