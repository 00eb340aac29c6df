import { usageFailure, type ExitCode } from '../base/errors.js';
import { type Lab, requireNodes } from '../lab/lab.js';
import type { CheckpointOptions } from '../prepare/checkpoints.js';
import type { IsoBoot } from '../prepare/prepare-isos.js';
import type { RunCourse } from '../protocol/run-spec.js';
import type { Shuffle } from '../rehearse/shuffle.js';
import { loadPlan } from './load-lab.js';
import { rehearseShown } from './rehearse-shown.js';
import { openReports, reportRun, type ReportFiles } from './run-reports.js';
import type { StartOptions } from './start-options.js';
import { stopOnSignals } from './stop.js';

/** Which machines are restored, and how far they had come. */
export interface RestoreOptions {
	readonly cold: boolean;
	readonly from: 'started' | undefined;
	/** Names of the nodes whose startup scripts run. An empty list means all. */
	readonly only: readonly string[];
	/** Whether only those run of nodes that have changed, and of nodes that use them. */
	readonly changed: boolean;
}

export interface RunOptions extends StartOptions, ReportFiles {
	/** The name of the run's directory; by default a new one. */
	readonly runId: string | undefined;
	/** How the machines boot their ISOs, where they are to. */
	readonly fromIso: IsoBoot | undefined;
	readonly restore: RestoreOptions;
	readonly course: Pick<RunCourse, 'keep' | 'trace' | 'robustness'>;
	/** Whether to save the machines when the run has not passed. */
	readonly saveFailed: boolean;
	/** The other orders of startup to rehearse. */
	readonly shuffle: Shuffle | undefined;
	/** Fail with an assertion that no rehearsal can judge. */
	readonly strict: boolean;
}

/** `rehearse run`: rehearses a lab, from the plan to the verdict, which is the exit status. */
export async function runCommand(options: RunOptions): Promise<ExitCode> {
	const { terminal, paths, accelerator, mirror, limitBytes, saveFailed, timeLimitMs } = options;
	const { lab, planText } = await loadPlan(options.lab, terminal, options);
	if (options.fromIso) checkFromIso(options);
	if (options.shuffle) checkShuffle(lab, options.restore);
	const checkpoints = { cold: options.restore.cold || options.fromIso !== undefined, limitBytes, started: startedNodes(lab, options.restore) };
	openReports(options);
	const stopping = stopOnSignals();
	const endGroup = terminal.workflow?.group(`rehearse run ${options.lab}`);
	try {
		const asked = {
			...{ lab, planText, labArgument: options.lab },
			...{ accelerator, checkpoints, fromIso: options.fromIso, saveFailed, mirror, paths, runId: options.runId, timeLimitMs },
			course: { ...options.course, scenario: true, showSecrets: options.showSecrets },
			stopping,
		};
		const state = await rehearseShown(asked, options.shuffle, terminal);
		endGroup?.();
		return await reportRun(state, options);
	} finally {
		stopping.done();
	}
}

/** Checks that nothing is asked of ISOs that they have not got. @throws Failure `usage` */
export function checkFromIso({ restore: { from, only, changed }, course: { robustness, keep }, shuffle, saveFailed }: Pick<RunOptions, 'restore' | 'course' | 'shuffle' | 'saveFailed'>): void {
	const refused = [
		[from !== undefined, '--from', 'it boots every machine'],
		[only.length > 0, '--only', 'the startup scripts of an ISO run by themselves'],
		[changed, '--changed', 'the startup scripts of an ISO run by themselves'],
		[shuffle !== undefined, '--shuffle', 'the startup scripts of an ISO run by themselves'],
		[robustness?.includes('twice') ?? false, '--twice', 'the startup scripts of an ISO run once at each boot: --reboot looks at that'],
		[saveFailed, '--save-failed', 'a machine that boots its ISO is not saved'],
		[keep !== 'never', '--keep', 'an ISO has nothing of this tool in it, by which to get in'],
	] as const;
	for (const [isAsked, flag, why] of refused) if (isAsked) throw usageFailure(`--from-iso does not go with ${flag}: ${why}`);
}

/** Checks that there are orders to shuffle. @throws Failure `usage` when there are none, or the options exclude each other */
export function checkShuffle({ nodes }: Pick<Lab, 'nodes'>, { cold, from, only, changed }: RestoreOptions): void {
	if (nodes.length < 2) throw usageFailure('--shuffle: a lab of one node has one order only');
	if (cold) throw usageFailure('--cold uses no checkpoint, --shuffle needs one: give only one of them');
	if (from !== undefined || only.length > 0 || changed) {
		throw usageFailure('--shuffle runs all startup scripts: give none of --from, --only and --changed with it');
	}
}

/**
 * The nodes that are restored behind their startup scripts.
 * @throws Failure `usage` for an unknown node, and for options that contradict each other
 */
export function startedNodes(
	lab: { readonly nodes: readonly { readonly name: string }[] },
	{ cold, from, only, changed }: RestoreOptions,
): CheckpointOptions['started'] {
	const names = lab.nodes.map(({ name }) => name);
	const asked = [
		...(from === undefined ? [] : ['--from started runs no startup script']),
		...(only.length === 0 ? [] : ['--only runs those of some nodes']),
		...(changed ? ['--changed runs those of nodes that have changed'] : []),
	];
	if (asked.length > 1) throw usageFailure(`${asked.join(', ')}: give only one of them`);
	if (cold && asked[0] !== undefined) {
		throw usageFailure(`--cold uses no checkpoint, ${asked[0].split(' ')[0]} needs one: give only one of them`);
	}
	requireNodes(only, names);
	if (changed) return 'unchanged';
	if (from === 'started') return names;
	return only.length > 0 ? names.filter((name) => !only.includes(name)) : [];
}
