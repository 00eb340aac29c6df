/** What `doctor --on` prints of several hosts: what each lacks, for people and for programs. */
import { plural } from '../base/format.js';
import { isBlocking, type CheckedRequirement } from '../base/requirement.js';
import { painter, wrapWords } from './text.js';

/** A host, and what came of looking at it. */
export interface HostReport {
	readonly name: string;
	/** The scheduler's word for it. */
	readonly state: string;
	/** What it has and lacks; absent where nobody could look. */
	readonly checked?: readonly CheckedRequirement[];
	/** Why nobody could look. */
	readonly problem?: string;
	/** Whether the scheduler gives it jobs. One that gets none keeps nobody from rehearsing. */
	readonly takesJobs: boolean;
}

/** Whether a rehearsal can run on a host. */
export const hostCanRun = ({ checked }: HostReport): boolean => checked !== undefined && !checked.some(isBlocking);

/** Whether a rehearsal can run wherever the scheduler sends it. */
export const allCanRun = (hosts: readonly HostReport[]): boolean => {
	const working = hosts.filter(({ takesJobs }) => takesJobs);
	return working.length > 0 && working.every(hostCanRun);
};

const proseWidth = 96;

/** A line for each host, below it what it lacks, and a closing sentence; ends with a newline. */
export function renderHosts(hosts: readonly HostReport[], options: { readonly color: boolean }): string {
	const paint = painter(options.color);
	const lines = hosts.flatMap((host) => {
		const { name, state, checked = [], problem, takesJobs } = host;
		if (!takesJobs) return [`${paint('dim', '–')} ${name}: gets no jobs (${state})`];
		if (problem !== undefined) return [`${paint('red', '✖')} ${name}: ${problem.split('\n')[0] ?? ''}`, ...problem.split('\n').slice(1).map((line) => `    ${line}`)];
		const lacking = checked.filter(({ status }) => status !== 'ok');
		const head = hostCanRun(host) ? `${paint('green', '✔')} ${name}: a rehearsal can run` : `${paint('red', '✖')} ${name}: a rehearsal cannot run yet`;
		return [
			head,
			...lacking.flatMap((requirement) => [
				...wrapWords(`${requirement.status}: ${requirement.title}: ${requirement.found}; needed: ${requirement.needed}`, proseWidth).map((line) => `    ${line}`),
				...(requirement.fix === undefined ? [] : [`    → ${paint('bold', requirement.fix)}`]),
			]),
		];
	});
	return `${[...lines, '', conclude(hosts)].join('\n')}\n`;
}

function conclude(hosts: readonly HostReport[]): string {
	const working = hosts.filter(({ takesJobs }) => takesJobs);
	if (working.length === 0) return 'No host takes jobs.';
	const able = working.filter(hostCanRun).length;
	if (able === working.length) return `A rehearsal can run on ${working.length === 1 ? 'the host' : `each of the ${working.length} hosts`} that takes jobs.`;
	return `A rehearsal can run on ${able} of ${plural(working.length, 'host')}. A job that comes to another one breaks: mend those, or name a partition without them (SBATCH_PARTITION).`;
}

/** The same for programs. */
export const hostsObject = (hosts: readonly HostReport[]) => ({
	schema: 1,
	can_run: allCanRun(hosts),
	hosts: hosts.map((host) => ({
		host: host.name,
		state: host.state,
		takes_jobs: host.takesJobs,
		can_run: hostCanRun(host),
		...(host.problem === undefined ? {} : { problem: host.problem }),
		...(host.checked === undefined
			? {}
			: { requirements: host.checked.map(({ id, title, status, found, needed, fix }) => ({ id, title, status, found, needed, ...(fix === undefined ? {} : { fix }) })) }),
	})),
});
