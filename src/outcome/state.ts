/**
 * What is known of a run at some point of its event log: plain, immutable data that every renderer reads.
 * `fold.ts` makes it, `result.ts` judges it.
 */
import type {
	AnnouncedTest,
	AssertionOutcome,
	LoginOutcome,
	MachineEnd,
	OrderOutcome,
	Origin,
	RepeatOutcome,
	ReportedError,
	RestartOutcome,
	RunEventBody,
	ScriptOutcome,
	StageName,
	Status,
} from '../lab/events.js';
import type { LeftOut, Waived } from '../lab/lab.js';
import type { ScriptSource } from '../lab/script-source.js';
import type { Topology } from '../lab/topology.js';

/** A status, or what stands for one where something was never reached or no rehearsal can judge it. */
export type ReachedStatus = Status | 'not run' | 'not judged';

export interface StageRecord {
	readonly name: StageName;
	/** Present when the record is about one node's part of the stage. */
	readonly node?: string;
	readonly startedAt: number;
	/** `running` until the event of its end, or until an error ends the run over it. */
	readonly status: ReachedStatus | 'running';
	/** Milliseconds; 0 while running. */
	readonly ms: number;
	/** What the stage reported last. */
	readonly detail?: string;
}

export interface ScriptRecord {
	readonly script: string;
	/** Milliseconds since the epoch. */
	readonly startedAt?: number;
	readonly finishedAt?: number;
	readonly outcome?: ScriptOutcome;
}

export interface NodeRecord {
	readonly name: string;
	readonly scripts: readonly ScriptRecord[];
	/** Where its machine comes from, once that is known. */
	readonly origin?: Origin;
	/** Whether people get in by SSH, where that was tried. */
	readonly login?: LoginOutcome;
	/** How what runs in it has ended its machine, where it has. */
	readonly end?: MachineEnd;
}

/** An assertion that was tried and did not hold so far. */
export interface WaitingRecord {
	readonly attempts: number;
	readonly message: string;
	/** When it is tried for the last time, in milliseconds since the epoch. */
	readonly until: number;
}

export type AssertionRecord = AnnouncedTest['assertions'][number] & {
	readonly outcome?: AssertionOutcome;
	/** When there was an outcome, in milliseconds since the epoch. */
	readonly finishedAt?: number;
	/** Until there is an outcome. */
	readonly waiting?: WaitingRecord;
};

export interface TestRecord {
	readonly name: string;
	readonly assertions: readonly AssertionRecord[];
}

/** The robustness checks of a run, as far as they got; only what was asked for is present. */
export interface RobustnessRecords {
	readonly twice?: { readonly scripts: readonly RepeatOutcome[]; readonly tests: readonly TestRecord[] };
	readonly reboot?: { readonly machines: readonly RestartOutcome[]; readonly tests: readonly TestRecord[] };
	readonly shuffle?: { readonly seed: number; readonly count: number; readonly orders: readonly OrderOutcome[] };
}

type EventOf<Type extends RunEventBody['type']> = Extract<RunEventBody, { readonly type: Type }>;
export type Detached = Pick<EventOf<'detached'>, 'commands' | 'end'> & {
	/** In milliseconds since the epoch. */
	readonly at: number;
};
export type Notice = Pick<EventOf<'notice'>, 'message' | 'node'>;
export type ChosenAccelerator = Pick<EventOf<'accelerator'>, 'name' | 'reason'>;

/** Packets to the world outside that followed close on each other. */
export type OutboundRecord = Omit<EventOf<'outbound-connection'>, 'type'>;

export interface RunState {
	/** Empty until the run was announced. */
	readonly lab: string;
	/** As the person named it. */
	readonly labArgument: string;
	readonly planSha256: string;
	readonly runDirectory: string;
	readonly warnings: readonly string[];
	/** What the plan asks for and the rehearsal does without. */
	readonly leftOut: readonly LeftOut[];
	/** The findings of `check` that the plan's author has waived. */
	readonly waived: readonly Waived[];
	/** Absolute path of the plan; empty in logs of older versions, which have neither topology nor sources. */
	readonly planPath: string;
	readonly topology: Topology | undefined;
	readonly sources: readonly ScriptSource[];
	/** Times of the first and of the last event, in milliseconds since the epoch. */
	readonly startedAt: number | undefined;
	readonly lastAt: number | undefined;
	readonly accelerator: ChosenAccelerator | undefined;
	/** In the order in which they began. */
	readonly stages: readonly StageRecord[];
	/** In the plan's order, and so are the tests. */
	readonly nodes: readonly NodeRecord[];
	readonly tests: readonly TestRecord[];
	readonly robustness: RobustnessRecords;
	readonly notices: readonly Notice[];
	/** In the order in which they were reported, which is not quite that of their times. */
	readonly outbound: readonly OutboundRecord[];
	/** The first one is what ended the run; those after it happened on the way out. */
	readonly errors: readonly ReportedError[];
	readonly detached: Detached | undefined;
	/** Whether a reload has brought passwords that the plan of `planSha256` does not declare. */
	readonly hasFurtherPasswords: boolean;
	/** Milliseconds of the whole run, once it is finished. */
	readonly finishedMs: number | undefined;
}

/** The record of a stage, or of one node's part of it. */
export const findStage = (state: RunState, name: StageName, node?: string): StageRecord | undefined =>
	state.stages.find((stage) => stage.name === name && stage.node === node);

/** The startup scripts of all nodes. */
export const allScripts = (state: RunState): readonly ScriptRecord[] => state.nodes.flatMap((node) => node.scripts);

/** The status of an assertion. */
export const assertionStatus = ({ outcome, notJudged }: Pick<AssertionRecord, 'outcome' | 'notJudged'>): ReachedStatus =>
	outcome?.status ?? (notJudged === undefined ? 'not run' : 'not judged');

/** The assertions of all tests. */
export const allAssertions = (state: RunState): readonly AssertionRecord[] =>
	state.tests.flatMap((test) => test.assertions);

/**
 * Milliseconds from the first event to the end of the run, or to the last event of one that did not end. The time for which the
 * machines were kept running then is none of it.
 */
export function elapsedMs({ startedAt = 0, lastAt = startedAt, finishedMs, detached }: RunState): number {
	return detached ? detached.at - startedAt : (finishedMs ?? lastAt - startedAt);
}

/** How to get into the machines of a lab that is kept running; nothing once they are gone. */
export const keptMachines = ({ finishedMs, detached }: RunState): Detached | undefined => (finishedMs === undefined ? detached : undefined);
