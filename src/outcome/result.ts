/**
 * The outcome of a run. A lab passes only on positive evidence: the run is finished and everything that was announced
 * has passed. What was never reached is `not run`, and a run with such a thing in it has not passed.
 */
import { ExitCode } from '../base/errors.js';
import { plural, withoutControls } from '../base/format.js';
import { type DecidingTime, type LoginOutcome, type MachineEnd, type ReportedError, type ScriptOutcome, type StageName, type Status, wasStarted } from '../lab/events.js';
import type { LeftOut, Waived } from '../lab/lab.js';
import { decidingTimeResult } from './deciding-time.js';
import { failedPlaceResult, type FailedPlaceResult } from './failed-place.js';
import { startStageOf, isCold, originResult, scriptsToRun, type OriginResult } from './origins.js';
import { outboundFindings, outboundResult, type OutboundResult } from './outbound.js';
import { robustnessResults, robustnessStatuses, type RobustnessResults } from './robustness.js';
import {
	allAssertions,
	assertionStatus,
	elapsedMs,
	type ChosenAccelerator,
	type AssertionRecord,
	type NodeRecord,
	type ReachedStatus,
	type RunState,
	type StageRecord,
	type TestRecord,
} from './state.js';
import { swallowedResults, type SwallowedResult } from './swallowed.js';

/** `not run` is the verdict of a log that ends before its run did, with nothing failed so far. */
export type Verdict = Status | 'not run';

/** The object of `rehearse run --json`. Keys are in the order in which they are printed; times are milliseconds. */
export interface RunResult {
	readonly schema: 1;
	readonly lab: string;
	readonly plan_sha256: string;
	readonly verdict: Verdict;
	/** `null` when the run ended before one was chosen. */
	readonly accelerator: ChosenAccelerator | null;
	readonly cold: boolean;
	readonly ms: number;
	readonly stages: readonly {
		readonly name: string;
		readonly node?: string;
		readonly status: ReachedStatus;
		readonly ms: number;
	}[];
	readonly nodes: readonly {
		readonly name: string;
		readonly status: ReachedStatus;
		/** Absent when the run ended before it was known. */
		readonly origin?: OriginResult;
		/** Whether the declared user gets in by SSH; absent where that was not tried. */
		readonly login?: {
			readonly user: string;
			readonly port: number;
			/** `closed`: the node keeps people out by its own configuration. */
			readonly status: LoginOutcome['status'];
			readonly message?: string;
		};
		/** How what runs in it has rebooted its machine or powered it off, with no way back; absent where it has not. */
		readonly ended?: { readonly how: MachineEnd['how']; readonly script?: string; readonly line?: number; readonly command?: string; readonly message: string };
		readonly startup: readonly {
			readonly script: string;
			readonly status: ScriptOutcome['status'] | 'not run';
			/** `null` when the script did not come to its end. */
			readonly exit_code: number | null;
			readonly ms: number;
			readonly failed_line?: number;
			readonly failed_source?: FailedPlaceResult['failed_source'];
			readonly trace_ended_at?: number;
			/**
			 * Causes of the script's end outside of it, such as the kernel and full file systems; absent when there are
			 * none.
			 */
			readonly reasons?: readonly string[];
			/** Failures that the script went on behind; absent when there are none. */
			readonly swallowed?: readonly SwallowedResult[];
		}[];
	}[];
	readonly tests: readonly {
		readonly name: string;
		readonly status: ReachedStatus;
		readonly assertions: readonly {
			readonly type: string;
			readonly on_vm: string;
			readonly status: ReachedStatus;
			readonly ms: number;
			readonly attempts: number;
			/** A time of the plan's that decided, in its seconds: the assertion's own, or the scenario's to settle. */
			readonly decided_by?: DecidingTime;
			readonly message?: string;
		}[];
	}[];
	/** Present when a node reached for something outside the lab. */
	readonly outside?: readonly OutboundResult[];
	readonly warnings: readonly string[];
	/** What the plan asks for that OpenFactory does and the rehearsal did without; empty when there is nothing. */
	readonly left_out: readonly LeftOut[];
	/** The findings of `check` that the plan's author has waived; absent where there are none. */
	readonly waived?: readonly Waived[];
	/** Each present when it was asked for. */
	readonly twice?: RobustnessResults['twice'];
	readonly reboot?: RobustnessResults['reboot'];
	readonly shuffle?: RobustnessResults['shuffle'];
	/** Present when the verdict is `error` or `not run`. */
	readonly error?: {
		readonly code: string;
		readonly message: string;
		readonly exit_code: number;
		readonly hint?: string;
		readonly node?: string;
		readonly detail?: string;
	};
}

/** The verdict. Whatever broke the rehearsal outweighs what failed before it; a failure outweighs what is missing. */
export function verdictOf(state: RunState): Verdict {
	if (state.errors.length > 0) return 'error';
	const statuses = [...testStatuses(state), ...state.stages.filter((stage) => decides(stage) && !isSum(stage)).map(({ status }) => status)];
	if (statuses.some((status) => status === 'failed' || status === 'timed-out')) return 'failed';
	if (statuses.includes('error')) return 'error';
	if (isOpen(state)) return 'not run';
	return testStatuses(state).includes('not run') || !hasShownEnough(state) ? 'error' : 'passed';
}

/** Whether a verdict is still to come. Where the machines are kept running, everything was rehearsed before. */
const isOpen = ({ finishedMs, detached }: RunState): boolean => finishedMs === undefined && detached === undefined;

/**
 * Whether a stage decides over the verdict. A machine that cannot be restored is booted, and one that cannot be saved
 * goes on: neither stage decides.
 */
export const decides = ({ name }: StageRecord): boolean => name !== 'restore' && name !== 'save';

/** Stages that fail where something of them has not passed, which counts by itself: an assertion that could not be judged is no failure of the lab. */
const sums: readonly StageName[] = ['scenario', 'twice', 'reboot'];

const isSum = ({ name, node, status }: StageRecord): boolean => sums.includes(name) && node === undefined && status === 'failed';

/** What has to pass. The startup scripts of a node that was restored behind them were not to run. */
const testStatuses = (state: RunState): readonly (ReachedStatus | ScriptOutcome['status'])[] => [
	...scriptsToRun(state).map(({ outcome }) => outcome?.status ?? 'not run'),
	...allAssertions(state).map(assertionStatus),
	...state.nodes.flatMap(({ login, end }) => [login?.status === 'failed', end !== undefined].flatMap((isFailure) => (isFailure ? ['failed' as const] : []))),
	...robustnessStatuses(state),
];

/**
 * Whether anything has shown that the lab works. Of one with neither scripts nor assertions it is enough that its
 * machines come up. A run of nothing but tests that cannot be judged has nothing against the lab.
 */
const hasShownEnough = (state: RunState): boolean =>
	testStatuses(state).some((status) => status === 'passed' || (status === 'not judged' && state.nodes.length === 0)) ||
	(state.nodes.length > 0 && state.nodes.every(({ name }) => startStageOf(state, name)?.status === 'passed'));

/** The status of a node: of its machine and its startup scripts, without the scenario. */
export function nodeStatus(state: RunState, node: NodeRecord): ReachedStatus {
	if (state.errors.some((error) => error.node === node.name)) return 'error';
	const stages = state.stages.filter((stage) => stage.node === node.name && decides(stage)).map(({ status }) => status);
	const scripts = (wasStarted(node) ? [] : node.scripts).map(({ outcome }) => outcome?.status ?? 'not run');
	if (node.end || node.login?.status === 'failed' || stages.includes('failed') || scripts.includes('failed') || scripts.includes('timed-out')) return 'failed';
	if (stages.includes('error')) return 'error';
	if (scripts.length === 0) return startStageOf(state, node.name)?.status === 'passed' ? 'passed' : 'not run';
	return scripts.every((status) => status === 'passed') ? 'passed' : 'not run';
}

/** How a node's boot ended that did not pass: by a fault of its own, or because the run was over. */
export const bootEnding = (state: RunState, boot: StageRecord): string =>
	boot.status === 'failed' || state.errors.some(({ node }) => node === boot.node) ? 'failed' : 'broken off';

/** The status of a test: that of the worst of its assertions. */
export function testStatus(test: TestRecord): ReachedStatus {
	const statuses = test.assertions.map(assertionStatus);
	for (const worst of ['failed', 'error', 'not run'] as const) if (statuses.includes(worst)) return worst;
	if (statuses.length === 0) return 'not run';
	return statuses.includes('passed') ? 'passed' : 'not judged';
}

/** The code of the error of a run whose log has no end: it goes on, or was killed. */
export const unfinished = 'unfinished';

/** The error behind a verdict of `error` or `not run`: the first that was reported, or one made from the state itself. */
export function errorOf(state: RunState): ReportedError | undefined {
	const verdict = verdictOf(state);
	if (verdict === 'passed' || verdict === 'failed') return undefined;
	const [reported] = state.errors;
	if (reported) return reported;
	const broken = (code: string, message: string, detail?: string): ReportedError => ({ code, message, exitCode: ExitCode.broken, ...(detail === undefined ? {} : { detail }) });
	const count = (status: ReachedStatus): number => testStatuses(state).filter((other) => other === status).length;
	const unjudged = count('error');
	if (unjudged > 0) return broken('not-judged', `${plural(unjudged, 'assertion')} could not be judged`);
	const stage = state.stages.find(({ status }) => status === 'error');
	if (stage) return broken('stage', `the ${stage.name} stage ended in an error`, stage.detail);
	if (isOpen(state)) return broken(unfinished, 'the event log ends before the run did: it goes on, or was killed');
	const missing = count('not run');
	const message = missing === 0 ? 'the run checked nothing' : `the run ended with ${missing} of its checks not run`;
	return broken('incomplete', message);
}

/** The result object of a run, or of as much of it as the log holds. */
export function resultOf(state: RunState): RunResult {
	const error = errorOf(state);
	return {
		schema: 1,
		lab: state.lab,
		plan_sha256: state.planSha256,
		verdict: verdictOf(state),
		accelerator: state.accelerator ?? null,
		cold: isCold(state),
		ms: elapsedMs(state),
		stages: state.stages.map(({ name, node, status, ms }) => ({
			name,
			...(node === undefined ? {} : { node }),
			status: status === 'running' ? 'not run' : status,
			ms,
		})),
		nodes: state.nodes.map((node) => ({
			name: node.name,
			status: nodeStatus(state, node),
			...(node.origin ? { origin: originResult(node.origin) } : {}),
			...loginResult(node),
			...endResult(node),
			startup: node.scripts.map(({ script, outcome }) => ({
				script,
				status: outcome?.status ?? 'not run',
				exit_code: outcome?.exitCode ?? null,
				ms: outcome?.ms ?? 0,
				...failedPlaceResult(outcome ?? {}),
				...(outcome?.reasons ? { reasons: outcome.reasons.map(withoutControls) } : {}),
				...swallowedResults(outcome),
			})),
		})),
		tests: state.tests.map((test) => ({
			name: test.name,
			status: testStatus(test),
			assertions: test.assertions.map(assertionResult),
		})),
		...(state.outbound.length > 0 ? { outside: outboundFindings(state).map(outboundResult) } : {}),
		warnings: state.warnings,
		left_out: state.leftOut,
		...(state.waived.length > 0 ? { waived: state.waived } : {}),
		...robustnessResults(state),
		...(error ? { error: errorInResult(error) } : {}),
	};
}

type AssertionResult = RunResult['tests'][number]['assertions'][number];

function assertionResult(assertion: AssertionRecord): AssertionResult {
	const { type, onVm, outcome, waiting, notJudged } = assertion;
	const seen = outcome ?? waiting;
	return {
		type,
		on_vm: onVm,
		status: assertionStatus(assertion),
		ms: outcome?.ms ?? 0,
		attempts: seen?.attempts ?? 0,
		...decidingTimeResult(outcome ?? {}),
		...messageIn(seen ?? (notJudged === undefined ? undefined : { message: notJudged })),
	};
}

const loginResult = ({ login }: NodeRecord): Pick<RunResult['nodes'][number], 'login'> =>
	login ? { login: { user: login.username, port: login.port, status: login.status, ...messageIn(login) } } : {};

function endResult({ end }: NodeRecord): Pick<RunResult['nodes'][number], 'ended'> {
	if (!end) return {};
	const { node: _node, ...ended } = end;
	return { ended };
}

/** What was seen of an assertion that did not pass, or did not so far when the run was broken off. */
const messageIn = (seen: { readonly message?: string } | undefined): { readonly message?: string } =>
	seen?.message === undefined ? {} : { message: withoutControls(seen.message) };

const errorInResult = (error: ReportedError): NonNullable<RunResult['error']> => ({
	code: error.code,
	message: withoutControls(error.message),
	exit_code: error.exitCode,
	...(error.hint === undefined ? {} : { hint: error.hint }),
	...(error.node === undefined ? {} : { node: error.node }),
	...(error.detail === undefined ? {} : { detail: withoutControls(error.detail) }),
});

/**
 * The exit status that a result asks for. It is 0 for `passed` and never for anything else.
 * @param strict whether a lab fails with an assertion that no rehearsal can judge
 */
export function exitCodeOf(result: RunResult, strict = false): number {
	const hasGaps = strict && result.tests.some(({ assertions }) => assertions.some(({ status }) => status === 'not judged'));
	if (result.verdict === 'passed') return hasGaps ? ExitCode.labFailed : ExitCode.passed;
	if (result.verdict === 'failed') return ExitCode.labFailed;
	return result.error?.exit_code || ExitCode.broken;
}

/** The result object as `rehearse run --json` prints it: stable key order, tabs, a newline at the end. */
export const resultJson = (result: RunResult): string => `${JSON.stringify(result, undefined, '\t')}\n`;
