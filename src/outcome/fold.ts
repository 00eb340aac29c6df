/**
 * The fold over a run's events. It is total: any prefix of a log, and even a log with events that nobody announced,
 * gives a state; what it means is judged in `result.ts`.
 */
import type { LoginOutcome, MachineEnd, ReportedError, RunEvent, ScriptOutcome, StageName } from '../lab/events.js';
import { announcedRobustness, withRobustnessAssertion, withRobustnessEvent } from './fold-robustness.js';
import { replacedOrAdded, withAssertion, withWaiting } from './fold-tests.js';
import { withOutbound } from './outbound.js';
import type { Notice, OutboundRecord, NodeRecord, RunState, ScriptRecord, StageRecord } from './state.js';

/** The state before the first event. */
export const emptyRun = (): RunState => ({
	lab: '',
	labArgument: '',
	planSha256: '',
	runDirectory: '',
	warnings: [],
	leftOut: [],
	waived: [],
	planPath: '',
	topology: undefined,
	sources: [],
	startedAt: undefined,
	lastAt: undefined,
	accelerator: undefined,
	stages: [],
	nodes: [],
	tests: [],
	robustness: {},
	notices: [],
	outbound: [],
	errors: [],
	detached: undefined,
	hasFurtherPasswords: false,
	finishedMs: undefined,
});

/** The state after a whole log, or after the part of it that there is. */
export const foldEvents = (events: Iterable<RunEvent>): RunState => {
	let state = emptyRun();
	for (const event of events) state = foldEvent(state, event);
	return state;
};

/** The state after one more event. Neither argument is changed. */
export function foldEvent(before: RunState, event: RunEvent): RunState {
	const state: RunState = { ...before, startedAt: before.startedAt ?? event.at, lastAt: event.at };
	// What becomes of a lab that is kept running decides over nothing any more.
	if (state.detached && 'stage' in event && event.stage !== 'teardown') return state;
	switch (event.type) {
		case 'run-started':
			return {
				...state,
				lab: event.lab,
				labArgument: event.labArgument ?? event.lab,
				planSha256: event.planSha256,
				runDirectory: event.runDirectory,
				warnings: event.warnings,
				leftOut: event.leftOut ?? [],
				waived: event.waived ?? [],
				planPath: event.planPath ?? '',
				topology: event.topology,
				sources: event.sources ?? [],
				nodes: event.nodes.map(({ name, scripts }) => ({ name, scripts: scripts.map((script) => ({ script })) })),
				tests: event.tests,
				robustness: announcedRobustness(event.robustness ?? [], event.tests),
			};
		case 'stage-started':
			return withStage(state, {
				...stageIdentity(event),
				startedAt: event.at,
				status: 'running',
				ms: 0,
			});
		case 'stage-progress':
			return withProgress(state, event);
		case 'stage-finished':
			return withStage(state, {
				...stageIdentity(event),
				startedAt: findSameStage(state, event)?.startedAt ?? event.at - event.ms,
				status: event.status,
				ms: event.ms,
			});
		case 'accelerator':
			return { ...state, accelerator: { name: event.name, reason: event.reason } };
		case 'notice':
			return withNotice(state, { message: event.message, ...(event.node === undefined ? {} : { node: event.node }) });
		case 'origin':
			return withNode(state, event.node, (node) => ({ ...node, origin: event.origin }));
		case 'script-started':
			return withScript(state, event.node, { script: event.script, startedAt: event.at });
		case 'script-finished':
			return withScript(state, event.node, {
				script: event.script,
				// The event of its start is more exact: that of its end comes late on a slow guest.
				startedAt: Math.min(startOf(state, event) ?? Infinity, event.at - event.ms),
				finishedAt: event.at,
				outcome: scriptOutcome(event),
			});
		case 'assertion-waiting':
			return event.after === undefined ? { ...state, tests: withWaiting(state.tests, event, event.at) } : state;
		case 'assertion-finished':
			if (event.after !== undefined) return { ...state, robustness: withRobustnessAssertion(state.robustness, event.after, event, event.at) };
			return { ...state, tests: withAssertion(state.tests, event, event.at) };
		case 'login-checked':
			return withNode(state, event.node, (node) => ({ ...node, login: loginOutcome(event) }));
		case 'machine-ended':
			return withNode(state, event.node, (node) => ({ ...node, end: machineEnd(event) }));
		case 'script-repeated':
		case 'machine-restarted':
		case 'shuffle-started':
		case 'order-finished':
			return { ...state, robustness: withRobustnessEvent(state.robustness, event) };
		case 'outbound-connection':
			return { ...state, outbound: withOutbound(state, outboundRecord(event)) };
		case 'detached':
			return { ...state, detached: { commands: event.commands, end: event.end, at: event.at } };
		case 'nodes-replaced':
			return { ...state, hasFurtherPasswords: state.hasFurtherPasswords || event.newPasswords };
		case 'error':
			return withError(state, event.error, event.at);
		case 'run-finished':
			return { ...state, finishedMs: event.ms };
		default:
			// Of a newer version, in a directory that several share.
			return state;
	}
}

/**
 * How many notices are kept: a machine that begins anew again and again has one each time, in a lab that may be kept
 * running for weeks.
 */
const maximumNotices = 1000;

const withNotice = (state: RunState, notice: Notice): RunState => {
	if (state.notices.length > maximumNotices) return state;
	const kept = state.notices.length < maximumNotices ? notice : { message: 'further notices are in the event log alone' };
	return { ...state, notices: [...state.notices, kept] };
};

interface StageReference {
	readonly stage: StageName;
	readonly node?: string;
	readonly detail?: string;
}

const stageIdentity = ({ stage, node, detail }: StageReference): Pick<StageRecord, 'name' | 'node' | 'detail'> => ({
	name: stage,
	...(node === undefined ? {} : { node }),
	...(detail === undefined ? {} : { detail }),
});

const findSameStage = (state: RunState, { stage, node }: StageReference): StageRecord | undefined =>
	state.stages.find((record) => record.name === stage && record.node === node);

const withStage = (state: RunState, record: StageRecord): RunState => ({
	...state,
	stages: replacedOrAdded(state.stages, record, (old) => old.name === record.name && old.node === record.node),
});

/** Progress on a node whose part of the stage was not announced is progress of the stage; that on several is of all parts, too. */
const withProgress = (before: RunState, event: StageReference & { readonly nodes?: readonly string[]; readonly detail: string }): RunState => {
	const { stage, nodes } = event;
	if (nodes) {
		const parts = nodes.reduce((state, node) => {
			const part = findSameStage(state, { stage, node });
			return part?.status === 'running' ? withStage(state, { ...part, detail: event.detail }) : state;
		}, before);
		return withProgress(parts, { stage, detail: `${nodes.join(', ')}: ${event.detail}` });
	}
	const state = before;
	const own = findSameStage(state, event);
	if (own) return withStage(state, { ...own, detail: event.detail });
	const whole = findSameStage(state, { stage: event.stage });
	return whole ? withStage(state, { ...whole, detail: `${event.node}: ${event.detail}` }) : state;
};

const withNode = (state: RunState, nodeName: string, change: (node: NodeRecord) => NodeRecord): RunState => {
	const node: NodeRecord = state.nodes.find(({ name }) => name === nodeName) ?? { name: nodeName, scripts: [] };
	return { ...state, nodes: replacedOrAdded(state.nodes, change(node), ({ name }) => name === nodeName) };
};

const withScript = (state: RunState, nodeName: string, record: ScriptRecord): RunState =>
	withNode(state, nodeName, (node) => ({
		...node,
		scripts: replacedOrAdded(node.scripts, record, ({ script }) => script === record.script),
	}));

const startOf = (state: RunState, { node, script }: ScriptOutcome): number | undefined =>
	state.nodes.find(({ name }) => name === node)?.scripts.find((record) => record.script === script)?.startedAt;

const outboundRecord = ({ node, seenAt, protocol, address, port, question, count }: OutboundRecord): OutboundRecord => ({
	node,
	seenAt,
	protocol,
	address,
	...(port === undefined ? {} : { port }),
	...(question ? { question } : {}),
	count,
});

const loginOutcome = ({ node, username, port, status, ms, message }: LoginOutcome): LoginOutcome => ({
	node,
	username,
	port,
	status,
	ms,
	...(message === undefined ? {} : { message }),
});

const machineEnd = ({ node, how, script, line, command, message }: MachineEnd): MachineEnd => ({
	...{ node, how, message },
	...(script === undefined ? {} : { script }),
	...(line === undefined ? {} : { line }),
	...(command === undefined ? {} : { command }),
});

const scriptOutcome = (event: ScriptOutcome): ScriptOutcome => ({
	node: event.node,
	script: event.script,
	status: event.status,
	...(event.exitCode === undefined ? {} : { exitCode: event.exitCode }),
	ms: event.ms,
	...(event.failedLine === undefined ? {} : { failedLine: event.failedLine }),
	...(event.failedCommand === undefined ? {} : { failedCommand: event.failedCommand }),
	...(event.failedSource === undefined ? {} : { failedSource: event.failedSource }),
	...(event.excerpt === undefined ? {} : { excerpt: event.excerpt }),
	...(event.reasons === undefined ? {} : { reasons: event.reasons }),
	output: event.output,
	...(event.trace === undefined ? {} : { trace: event.trace }),
});

/**
 * An error ends what was going on: the stage itself, and the part of the node that broke. The parts of the other
 * nodes in the same stage were not at fault, only never finished.
 */
const withError = (state: RunState, error: ReportedError, at: number): RunState => ({
	...state,
	errors: [...state.errors, error],
	stages: state.stages.map((stage) =>
		stage.status === 'running'
			? {
					...stage,
					status: stage.node === undefined || stage.node === error.node ? 'error' : 'not run',
					ms: at - stage.startedAt,
				}
			: stage,
	),
});
