/** The verdicts of a run's robustness checks, and their part of the result object. */
import { lastLines, oneLine, withoutControls } from '../base/format.js';
import type { LocatedDifference, OrderOutcome, RepeatOutcome, RestartOutcome, ScriptOutcome } from '../lab/events.js';
import type { Difference } from '../lab/state-snapshot.js';
import { failedPlaceResult, failedPlaceText, type FailedPlaceResult } from './failed-place.js';
import { differenceSentence, shownDifferences } from './differences.js';
import { assertionStatus, type RobustnessRecords, type ReachedStatus, type RunState, type TestRecord } from './state.js';

/** A script is idempotent when its second run passes and changes nothing. */
export const repeatStatus = ({ status, differences }: RepeatOutcome): ScriptOutcome['status'] =>
	status === 'passed' && differences.length > 0 ? 'failed' : status;

/** A machine has come back when it has everything that it had, and what ran again has passed. */
export const restartStatus = ({ missing, scripts }: RestartOutcome): 'passed' | 'failed' =>
	missing.length > 0 || failedAgain(scripts).length > 0 ? 'failed' : 'passed';

/** The startup scripts that ran again at a restart and did not pass. */
export const failedAgain = (scripts: RestartOutcome['scripts'] = []): readonly ScriptOutcome[] =>
	scripts.filter(({ status }) => status !== 'passed');

const assertionStatuses = (tests: readonly TestRecord[]): ReachedStatus[] =>
	tests.flatMap(({ assertions }) => assertions.map(assertionStatus).filter((status) => status !== 'not judged'));

/** Statuses, and as many of `not run` as are missing. */
const padded = <S>(statuses: readonly S[], count: number): (S | 'not run')[] => [
	...statuses,
	...new Array<'not run'>(Math.max(0, count - statuses.length)).fill('not run'),
];

/** The statuses of everything that the second runs have to pass. */
export function twiceStatuses(state: RunState): (ReachedStatus | 'timed-out')[] {
	const { twice } = state.robustness;
	if (!twice) return [];
	const count = state.nodes.reduce((total, { scripts }) => total + scripts.length, 0);
	return [...padded(twice.scripts.map(repeatStatus), count), ...assertionStatuses(twice.tests)];
}

/** The statuses of everything that the restarts have to pass. */
export function rebootStatuses(state: RunState): ReachedStatus[] {
	const { reboot } = state.robustness;
	if (!reboot) return [];
	return [...padded(reboot.machines.map(restartStatus), state.nodes.length), ...assertionStatuses(reboot.tests)];
}

/** The status of every order that was asked for. */
export function shuffleStatuses(state: RunState): ReachedStatus[] {
	const { shuffle } = state.robustness;
	return shuffle ? padded(shuffle.orders.map(({ verdict }) => verdict), shuffle.count) : [];
}

/** The statuses of everything that the robustness checks have to pass. */
export const robustnessStatuses = (state: RunState): (ReachedStatus | 'timed-out')[] => [
	...twiceStatuses(state),
	...rebootStatuses(state),
	...shuffleStatuses(state),
];

/** The worst of what a robustness check has to pass. */
export function worstStatus(statuses: readonly (ReachedStatus | 'timed-out')[]): ReachedStatus {
	if (statuses.some((status) => status === 'failed' || status === 'timed-out')) return 'failed';
	for (const worst of ['error', 'not run'] as const) if (statuses.includes(worst)) return worst;
	return 'passed';
}

/** A difference in the result object. */
export interface DifferenceResult {
	readonly kind: Difference['kind'];
	readonly subject: string;
	readonly change: Difference['change'];
	/** The difference as a sentence. */
	readonly sentence: string;
	/** Line of the startup script that it is put down to, from 1. */
	readonly line?: number;
}

/** The same for programs. */
export const differenceResult = (difference: LocatedDifference): DifferenceResult => ({
	kind: difference.kind,
	subject: withoutControls(difference.subject),
	change: difference.change,
	sentence: differenceSentence(difference),
	...(difference.line === undefined ? {} : { line: difference.line }),
});

interface FailedAssertion {
	readonly test: string;
	readonly type: string;
	readonly on_vm: string;
	readonly status: ReachedStatus;
	readonly message?: string;
}

/** The robustness checks in the result object; only those that were asked for. */
export interface RobustnessResults {
	readonly twice?: {
		readonly status: ReachedStatus;
		readonly scripts: readonly {
			readonly node: string;
			readonly script: string;
			readonly status: ScriptOutcome['status'];
			readonly exit_code: number | null;
			readonly ms: number;
			readonly failed_line?: number;
			readonly failed_source?: FailedPlaceResult['failed_source'];
			readonly trace_ended_at?: number;
			readonly differences: readonly DifferenceResult[];
		}[];
		/** Assertions that did not pass when the scenario was run afterwards. */
		readonly assertions_failed: readonly FailedAssertion[];
	};
	readonly reboot?: {
		readonly status: ReachedStatus;
		readonly machines: readonly {
			readonly node: string;
			readonly ms: number;
			readonly missing: readonly DifferenceResult[];
			/** The startup scripts that ran again; only of a live medium. */
			readonly startup?: readonly { readonly script: string; readonly status: ScriptOutcome['status']; readonly exit_code: number | null; readonly ms: number }[];
			/** What the live medium forgot; no failure. */
			readonly forgotten?: readonly DifferenceResult[];
		}[];
		readonly assertions_failed: readonly FailedAssertion[];
	};
	readonly shuffle?: {
		readonly status: ReachedStatus;
		readonly seed: number;
		readonly orders: readonly {
			readonly order: readonly { readonly node: string; readonly delay_ms: number }[];
			readonly verdict: OrderOutcome['verdict'];
			readonly failures: readonly string[];
			readonly run_directory: string;
		}[];
	};
}

/** The robustness checks of a run, for programs. */
export function robustnessResults(state: RunState): RobustnessResults {
	const { twice, reboot, shuffle }: RobustnessRecords = state.robustness;
	return {
		...(twice && {
			twice: {
				status: worstStatus(twiceStatuses(state)),
				scripts: twice.scripts.map((outcome) => ({
					node: outcome.node,
					script: outcome.script,
					status: repeatStatus(outcome),
					exit_code: outcome.exitCode ?? null,
					ms: outcome.ms,
					...failedPlaceResult(outcome),
					differences: outcome.differences.map(differenceResult),
				})),
				assertions_failed: failedAssertions(twice.tests),
			},
		}),
		...(reboot && {
			reboot: {
				status: worstStatus(rebootStatuses(state)),
				machines: reboot.machines.map(({ node, ms, missing, scripts, forgotten }) => ({
					...{ node, ms, missing: missing.map(differenceResult) },
					...(scripts ? { startup: scripts.map((outcome) => ({ script: outcome.script, status: outcome.status, exit_code: outcome.exitCode ?? null, ms: outcome.ms })) } : {}),
					...(forgotten ? { forgotten: forgotten.map(differenceResult) } : {}),
				})),
				assertions_failed: failedAssertions(reboot.tests),
			},
		}),
		...(shuffle && {
			shuffle: {
				status: worstStatus(shuffleStatuses(state)),
				seed: shuffle.seed,
				orders: shuffle.orders.map(({ order, verdict, failures, runDirectory }) => ({
					order: order.map(({ node, delayMs }) => ({ node, delay_ms: delayMs })),
					verdict,
					failures: failures.map(withoutControls),
					run_directory: runDirectory,
				})),
			},
		}),
	};
}

const failedAssertions = (tests: readonly TestRecord[]): FailedAssertion[] =>
	tests.flatMap(({ name, assertions }) =>
		assertions.flatMap(({ type, onVm, outcome }) =>
			outcome === undefined || outcome.status === 'passed'
				? []
				: [
						{
							test: name,
							type,
							on_vm: onVm,
							status: outcome.status,
							...(outcome.message === undefined ? {} : { message: withoutControls(outcome.message) }),
						},
					],
		),
	);

/** One thing that a robustness check looked at, for a list of checks. */
export interface RobustnessItem {
	readonly check: string;
	/** A node, or the lab where it is about all of them. */
	readonly node: string | undefined;
	readonly name: string;
	readonly status: ReachedStatus | 'timed-out';
	readonly ms: number;
	/** The startup script that it is about, with the line that failed or first changed something. */
	readonly script?: { readonly name: string; readonly line: number | undefined };
	/** The assertion that it is about, by the indexes of its test and in it. */
	readonly assertion?: { readonly test: number; readonly index: number };
	/** What is wrong, a line each; of many differences the first ones. */
	readonly reported: readonly string[];
}

/** Whether something is wrong: it failed, or could not be judged. */
export const isBad = (status: RobustnessItem['status']): boolean => status === 'failed' || status === 'timed-out' || status === 'error';

/** Everything that the robustness checks looked at, including the assertions that did not pass. */
export function robustnessItems({ robustness: { twice, reboot, shuffle } }: RunState): RobustnessItem[] {
	const failed = (check: string, tests: readonly TestRecord[]) =>
		tests.flatMap(({ name, assertions }, test) =>
			assertions.flatMap(({ title, onVm: node, outcome }, index) => {
				if (!outcome || outcome.status === 'passed') return [];
				const { status, message } = outcome;
				return [{ ...{ check, node, name: `${name}: ${oneLine(title)}`, status, ms: 0, assertion: { test, index } }, reported: message === undefined ? [] : [withoutControls(message)] }];
			}),
		);
	return [
		...(twice?.scripts ?? []).map((outcome) => ({
			...{ check: 'second run', node: outcome.node, name: outcome.script, status: repeatStatus(outcome), ms: outcome.ms },
			script: { name: outcome.script, line: outcome.failedLine ?? outcome.differences.find(({ line }) => line !== undefined)?.line },
			reported: [
				...[failedPlaceText(outcome)].filter((text) => text !== ''),
				...shownDifferences(outcome.differences, differenceSentence),
			],
		})),
		...failed('second run', twice?.tests ?? []),
		...(reboot?.machines ?? []).map((outcome) => ({
			...{ check: 'restart', node: outcome.node, name: 'came back', status: outcome.missing.length > 0 ? ('failed' as const) : ('passed' as const), ms: outcome.ms },
			reported: shownDifferences(outcome.missing, differenceSentence),
		})),
		...(reboot?.machines ?? []).flatMap(({ node, scripts = [] }) =>
			scripts.map(({ script: name, status, ms, failedLine: line, output }) => ({
				...{ check: 'restart', node, name, status, ms, script: { name, line } },
				reported: status === 'passed' ? [] : [withoutControls(lastLines(output, 5))],
			})),
		),
		...failed('restart', reboot?.tests ?? []),
		...(shuffle?.orders ?? []).map(({ number, order, verdict, failures }, index) => ({
			...{ check: 'order', node: undefined, name: `${number ?? index + 1}: ${order.map(({ node }) => node).join(', ')}`, status: verdict, ms: 0 },
			reported: failures,
		})),
	];
}
