/** What a lab's nodes tried to reach outside of it, and which script was running: a finding, never a failure. */
import { withoutControls } from '../base/format.js';
import type { OutboundConnection } from '../lab/events.js';
import { stepAt, type TraceStep } from '../lab/trace.js';
import type { OutboundRecord, NodeRecord, RunState, ScriptRecord } from './state.js';

/** The phase in which a node was when it reached out. */
export type Moment =
	| {
			readonly script: string;
			/** The command that ran, where the script's trace has it: its line, 1-based, in the script or in `source`. */
			readonly line?: number;
			readonly source?: string;
			readonly command?: string;
	  }
	/** No script was running. */
	| { readonly phase: 'before its startup scripts' | 'after its startup scripts' | 'between its startup scripts' };

/** Everything of one kind that a node tried while one script was running. */
export interface OutboundFinding {
	readonly node: string;
	/** `dns` for a question that was asked over UDP. */
	readonly protocol: OutboundConnection['protocol'] | 'dns';
	/** The address; that of the first server for `dns`. */
	readonly address: string;
	readonly port?: number;
	/** The name that was asked for, and the types of what was asked, such as `A`. */
	readonly name?: string;
	readonly types?: readonly string[];
	/** Packets. */
	readonly count: number;
	/** Milliseconds since the epoch. */
	readonly firstAt: number;
	readonly moment: Moment;
}

/** How many records are kept of what nodes try before all their startup scripts are done. */
const maximumRecords = 10_000;

/**
 * The records with one more. What a node tries again once its startup scripts are done is more of what it tried before: in a
 * lab that is kept running, a resolver may ask once a second for weeks.
 */
export function withOutbound({ outbound, nodes }: Pick<RunState, 'outbound' | 'nodes'>, record: OutboundRecord): readonly OutboundRecord[] {
	const index = outbound.findLastIndex((before) => isSame(before, record));
	const before = outbound[index];
	if (!before) return [...outbound, record];
	const seenAt = Math.min(before.seenAt, record.seenAt);
	const scripts = nodes.find(({ name }) => name === record.node)?.scripts ?? [];
	const areDone = scripts.every(({ finishedAt }) => finishedAt !== undefined && finishedAt < seenAt);
	if (!areDone && outbound.length < maximumRecords) return [...outbound, record];
	return outbound.with(index, { ...before, seenAt, count: before.count + record.count });
}

const isSame = (one: OutboundRecord, other: OutboundRecord): boolean =>
	one.node === other.node &&
	one.protocol === other.protocol &&
	one.address === other.address &&
	one.port === other.port &&
	one.question?.name === other.question?.name &&
	one.question?.type === other.question?.type;

/** The findings of a run, in the order of its nodes and of their first packets. */
export function outboundFindings(state: RunState): readonly OutboundFinding[] {
	const findings: OutboundFinding[] = [];
	for (const connection of state.outbound.toSorted((one, other) => one.seenAt - other.seenAt)) {
		const node = state.nodes.find(({ name }) => name === connection.node);
		const finding = findingOf(connection, momentOf(node, connection));
		const index = findings.findLastIndex((before) => continues(finding, before));
		const before = findings[index];
		if (before) findings[index] = joined(before, finding);
		else findings.push(finding);
	}
	const order = state.nodes.map(({ name }) => name);
	return findings.toSorted((one, other) => order.indexOf(one.node) - order.indexOf(other.node));
}

/**
 * Whether a finding is more of an earlier one: the same while the same script was running, or while none was. What
 * somebody began goes on in the background: a resolver asks again for half a minute, and then over TCP.
 */
function continues(later: OutboundFinding, earlier: OutboundFinding): boolean {
	if (later.node !== earlier.node) return false;
	const isAskedAgain = later.protocol === 'tcp' && earlier.protocol === 'dns' && later.port === earlier.port;
	if (isAskedAgain) return later.address === earlier.address;
	const isSame =
		later.protocol === earlier.protocol &&
		(later.protocol === 'dns' ? later.name === earlier.name : later.address === earlier.address && later.port === earlier.port);
	return isSame && (!('script' in later.moment) || ('script' in earlier.moment && later.moment.script === earlier.moment.script));
}

function findingOf(connection: OutboundRecord, moment: Moment): OutboundFinding {
	const { node, protocol, address, port, question, count, seenAt } = connection;
	return {
		node,
		protocol: question ? 'dns' : protocol,
		address,
		...(port === undefined ? {} : { port }),
		...(question ? { name: question.name, types: [question.type] } : {}),
		count,
		firstAt: seenAt,
		moment,
	};
}

const joined = (before: OutboundFinding, { count, types = [] }: OutboundFinding): OutboundFinding => ({
	...before,
	count: before.count + count,
	...(before.types ? { types: [...new Set([...before.types, ...types])] } : {}),
});

function momentOf(node: NodeRecord | undefined, connection: OutboundRecord): Moment {
	const at = connection.seenAt;
	const scripts = node?.scripts ?? [];
	const hasBegun = ({ startedAt }: ScriptRecord) => startedAt !== undefined && startedAt <= at;
	const current = scripts.findLast(hasBegun);
	if (!current) return { phase: 'before its startup scripts' };
	if (current.finishedAt === undefined || at <= current.finishedAt) {
		return { script: current.script, ...placeOf(stepOf(current, connection)) };
	}
	return { phase: scripts.every(hasBegun) ? 'after its startup scripts' : 'between its startup scripts' };
}

/** How far a guest's clock may be from that of its packets, in milliseconds. */
const clockTolerance = 150;

/**
 * The command that reached out: of those that may have run at the time the innermost that has the name or the address in
 * it, or else the one that ran. In a trace without times only the name or the address finds it.
 */
function stepOf({ outcome }: ScriptRecord, { seenAt, question, address }: OutboundRecord): TraceStep | undefined {
	const steps = outcome?.trace?.steps ?? [];
	const mayHaveRun = ({ at, ms = Infinity }: TraceStep) =>
		at === undefined || (at - clockTolerance <= seenAt && seenAt <= at + ms + clockTolerance);
	const named = steps.filter((step) => mayHaveRun(step) && step.command.includes(question?.name ?? address));
	const depth = Math.max(...named.map((step) => step.depth));
	return named.find((step) => step.depth === depth) ?? stepAt(steps, seenAt);
}

const placeOf = (step: TraceStep | undefined): Pick<Extract<Moment, { script: string }>, 'line' | 'source' | 'command'> => ({
	...(step?.line === undefined ? {} : { line: step.line }),
	...(step?.source === undefined ? {} : { source: step.source }),
	...(step ? { command: step.command } : {}),
});

/** A finding in the result object. */
export interface OutboundResult {
	readonly node: string;
	readonly protocol: OutboundFinding['protocol'];
	readonly address: string;
	readonly port?: number;
	readonly name?: string;
	readonly query_types?: readonly string[];
	readonly count: number;
	readonly first_at: string;
	/** The script that was running, and the command, where its trace has it. */
	readonly script?: string;
	readonly line?: number;
	readonly source?: string;
	readonly command?: string;
	/** Where the node was in its life when no script was running. */
	readonly phase?: string;
}

/** The same for programs. */
export const outboundResult = ({ types, firstAt, moment, node, protocol, address, port, name, count }: OutboundFinding): OutboundResult => ({
	node,
	protocol,
	address,
	...(port === undefined ? {} : { port }),
	...(name === undefined ? {} : { name }),
	...(types ? { query_types: types } : {}),
	count,
	first_at: new Date(firstAt).toISOString(),
	...moment,
	...('script' in moment && moment.command !== undefined ? { command: withoutControls(moment.command) } : {}),
});
