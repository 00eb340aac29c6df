/**
 * What happens during a run. Stages emit these and print nothing; every report is a fold over them, and the event
 * log of a run is a file of them, one JSON object a line.
 */
import type { ReportedError } from '../base/errors.js';
import type { LeftOut, Waived } from './lab.js';
import type { ScriptSource } from './script-source.js';
import type { Difference } from './state-snapshot.js';
import type { Topology } from './topology.js';
import type { Excerpt, FailedSource, ScriptTrace } from './trace.js';

export type { ReportedError };

/** How long the event log of a run may become, in bytes. */
export const maximumLogBytes = 256 * 2 ** 20;

export type StageName =
	| 'images'
	| 'isos'
	| 'accelerator'
	| 'checkpoints'
	| 'seeds'
	| 'network'
	| 'restore'
	| 'boot'
	| 'save'
	| 'startup'
	| 'scenario'
	| 'twice'
	| 'reboot'
	| 'snapshot'
	| 'teardown';

/** How QEMU runs a guest's processor, by QEMU's names (the table of them: ../machine/accelerators). */
export type AcceleratorName = 'kvm' | 'tcg';

export type Status = 'passed' | 'failed' | 'error';

/** The robustness checks of a run once its scenario has passed; each is a stage, and ends with the scenario again. */
export type RobustnessCheck = 'twice' | 'reboot';

/**
 * What a checkpoint is of: a machine before its startup scripts, all machines of a lab after theirs, or all machines of a
 * lab whatever had become of it, to be exported.
 */
export type CheckpointKind = 'provisioned' | 'started' | 'failed';

/** Where a node's machine came from. */
export type Origin =
	| {
			readonly from: 'checkpoint';
			readonly kind: CheckpointKind;
			/** Milliseconds since the epoch. */
			readonly savedAt: number;
	  }
	/** Booted by its firmware from its own ISO, of that SHA-256; `persistence` where a disk keeps what it writes. */
	| { readonly from: 'iso'; readonly sha256: string; readonly firmware: 'bios' | 'uefi'; readonly persistence?: true }
	/** `why` there was no checkpoint to use, where one was looked for. */
	| { readonly from: 'power-on'; readonly why?: string };

/** How a node's startup script ended. `timed-out` is a failure of the lab like `failed`. */
export interface ScriptOutcome {
	readonly node: string;
	readonly script: string;
	readonly status: 'passed' | 'failed' | 'timed-out';
	/** Absent when the script was killed before it could exit. */
	readonly exitCode?: number;
	readonly ms: number;
	/** 1-based line of the script that failed, or that was running when time ran out. */
	readonly failedLine?: number;
	/** The command on that line, as the shell saw it. */
	readonly failedCommand?: string;
	/** Where that command is, if it is in a file that the script sources; the line is that of the call then. */
	readonly failedSource?: FailedSource;
	/** Lines of the script around the failed one. */
	readonly excerpt?: Excerpt;
	/** Causes of the script's end outside of it, a sentence each: the kernel, a full disk, its machine that went down. */
	readonly reasons?: readonly string[];
	/** The end of what the script wrote to stdout and stderr. */
	readonly output: string;
	/** Each command that it ran. */
	readonly trace?: ScriptTrace;
}

/** The log of the run has the traces; they are long. */
export const withoutTrace = ({ trace: _trace, ...outcome }: ScriptOutcome): ScriptOutcome => outcome;

/** A difference with the line of the script that it is put down to, from 1, where one can be. */
export type LocatedDifference = Difference & { readonly line?: number };

/** How the second run of a startup script went, and what it changed. */
export interface RepeatOutcome extends ScriptOutcome {
	readonly differences: readonly LocatedDifference[];
}

/** How a machine came back from a restart. */
export interface RestartOutcome {
	readonly node: string;
	/** From power-on until it was there again. */
	readonly ms: number;
	/** What it had before and has no more, or no more in order. */
	readonly missing: readonly Difference[];
	/** Of a live medium: how the startup scripts ended that ran again, without their traces. */
	readonly scripts?: readonly ScriptOutcome[];
	/** Of a live medium: the files and accounts that it had before and has no more, or as they were on the medium. No failure. */
	readonly forgotten?: readonly Difference[];
}

/** How the lab fared when its startups began in an order and at a pace of their own. */
export interface OrderOutcome {
	/** The number of the order among those of its seed, from 1. */
	readonly number?: number;
	/** Nodes in the order in which their startup began, with milliseconds from the first. */
	readonly order: readonly { readonly node: string; readonly delayMs: number }[];
	readonly verdict: Status | 'not run';
	/** A sentence for each script and each assertion that failed, or for what broke. */
	readonly failures: readonly string[];
	readonly runDirectory: string;
}

/** `timeout`: the assertion's own; `settle`: the scenario's, in which services may come up. In seconds, as the plan has it. */
export interface DecidingTime {
	readonly by: 'timeout' | 'settle';
	readonly seconds: number;
}

export interface AssertionOutcome {
	readonly test: string;
	/** Index within the test, from 0. */
	readonly index: number;
	/** The title of the assertion, as it was announced. */
	readonly assertion: string;
	readonly onVm: string;
	readonly status: Status;
	readonly ms: number;
	readonly attempts: number;
	/** A time of the plan that decided: it was tried for that long, and failed, or passed only by it. */
	readonly decidedBy?: DecidingTime;
	/** What was expected and what was seen; present unless passed. */
	readonly message?: string;
	/** The end of the last try's output; present unless passed. */
	readonly output?: string;
}

/** Whether the declared user of a node gets in by SSH, as its recipe has it. */
export interface LoginOutcome {
	readonly node: string;
	readonly username: string;
	readonly port: number;
	/** `closed`: the node's own configuration keeps people out, which is no failure. */
	readonly status: 'passed' | 'failed' | 'closed';
	readonly ms: number;
	/** Why it is not `passed`. */
	readonly message?: string;
}

/** A machine that was rebooted or powered off from within and that the lab goes on without: the lab's own doing. */
export interface MachineEnd {
	readonly node: string;
	readonly how: 'rebooted' | 'powered-off';
	/** The startup script that had it done, and where; absent where that is not known. */
	readonly script?: string;
	readonly line?: number;
	readonly command?: string;
	/** All of it in a sentence. */
	readonly message: string;
}

/** An assertion that was tried and does not hold so far. */
export interface AssertionWait extends Pick<AssertionOutcome, 'test' | 'index' | 'assertion' | 'onVm' | 'attempts'> {
	/** What was expected and what was seen. */
	readonly message: string;
	/** For how long it will be tried again, in milliseconds. */
	readonly leftMs: number;
}

/** A node's attempt to reach something that is not in the lab. */
export interface OutboundConnection {
	readonly node: string;
	/** When its packet came by, in milliseconds since the epoch. */
	readonly seenAt: number;
	readonly protocol: 'tcp' | 'udp' | 'icmp';
	/** In dotted decimal. */
	readonly address: string;
	/** Absent for `icmp`. */
	readonly port?: number;
	/** What a DNS server was asked: `name` without the dot at its end, `type` such as `A`. */
	readonly question?: { readonly name: string; readonly type: string };
}

/** An assertion as it was announced, before anything ran; by it reports list what was never reached. */
export interface AnnouncedTest {
	readonly name: string;
	readonly assertions: readonly {
		readonly type: string;
		readonly onVm: string;
		readonly title: string;
		/** Why no rehearsal can judge it; it is not tried then. */
		readonly notJudged?: string;
	}[];
}

export type RunEventBody =
	| {
			readonly type: 'run-started';
			readonly runId: string;
			readonly lab: string;
			/** The lab as the person named it: a name or a path, for commands to paste. */
			readonly labArgument?: string;
			readonly planSha256: string;
			readonly nodes: readonly { readonly name: string; readonly scripts: readonly string[] }[];
			readonly tests: readonly AnnouncedTest[];
			readonly warnings: readonly string[];
			/** What the plan asks for and the rehearsal does without. */
			readonly leftOut?: readonly LeftOut[];
			/** Findings of `check` that the plan's author has waived. */
			readonly waived?: readonly Waived[];
			readonly runDirectory: string;
			/** Robustness checks that were asked for. */
			readonly robustness?: readonly RobustnessCheck[];
			/** Absolute path of the plan. This and what follows is missing in logs of older versions. */
			readonly planPath?: string;
			readonly topology?: Topology;
			readonly sources?: readonly ScriptSource[];
	  }
	| { readonly type: 'stage-started'; readonly stage: StageName; readonly node?: string; readonly detail?: string }
	/** `nodes`: several that it is about, such as those that boot from one image. */
	| {
			readonly type: 'stage-progress';
			readonly stage: StageName;
			readonly node?: string;
			readonly nodes?: readonly string[];
			readonly detail: string;
	  }
	| {
			readonly type: 'stage-finished';
			readonly stage: StageName;
			readonly node?: string;
			readonly status: Status;
			readonly ms: number;
			readonly detail?: string;
	  }
	/** Where a node's machine comes from; sent again when it turns out otherwise. */
	| { readonly type: 'origin'; readonly node: string; readonly origin: Origin }
	| { readonly type: 'accelerator'; readonly name: AcceleratorName; readonly reason: string }
	/** Something the reader should know that fails nothing: memory that only just fits, a slow host. */
	| { readonly type: 'notice'; readonly message: string; readonly node?: string }
	| { readonly type: 'script-started'; readonly node: string; readonly script: string }
	| ({ readonly type: 'script-finished' } & ScriptOutcome)
	/** At its first try, and again when something else is seen or it will be tried for longer. `after` as below. */
	| ({ readonly type: 'assertion-waiting'; readonly after?: RobustnessCheck } & AssertionWait)
	/** `after`: when the scenario was run for a robustness check. */
	| ({ readonly type: 'assertion-finished'; readonly after?: RobustnessCheck } & AssertionOutcome)
	| ({ readonly type: 'login-checked' } & LoginOutcome)
	| ({ readonly type: 'machine-ended' } & MachineEnd)
	| ({ readonly type: 'script-repeated' } & RepeatOutcome)
	| ({ readonly type: 'machine-restarted' } & RestartOutcome)
	/**
	 * Nodes of a lab that is kept running are made anew, of the plan with that hash. `newPasswords`: whether that declares
	 * passwords that the lab did not have before.
	 */
	| { readonly type: 'nodes-replaced'; readonly nodes: readonly string[]; readonly planSha256: string; readonly newPasswords: boolean }
	/** Other orders of startup are about to be rehearsed, of which `count` are asked for. */
	| { readonly type: 'shuffle-started'; readonly seed: number; readonly count: number }
	| ({ readonly type: 'order-finished' } & OrderOutcome)
	/**
	 * `count` packets of one kind, close to each other, of which the first came at `seenAt`; `again` where the node had
	 * sent such before.
	 */
	| ({ readonly type: 'outbound-connection'; readonly count: number; readonly again?: true } & OutboundConnection)
	/** The lab was left running (`--keep`): how to get in, and how to end it. */
	| { readonly type: 'detached'; readonly commands: readonly { readonly node: string; readonly ssh: string }[]; readonly end: string }
	| { readonly type: 'error'; readonly error: ReportedError }
	| { readonly type: 'run-finished'; readonly ms: number };

/** An event with its time, in milliseconds since the epoch. */
export type RunEvent = { readonly at: number } & RunEventBody;

/** Takes the events of a stage. */
export type Emit = (event: RunEventBody) => void;

/** Whether the node was restored from a state after its startup scripts, so that none of them had to run. */
export const wasStarted = ({ origin }: { readonly origin?: Origin }): boolean =>
	origin?.from === 'checkpoint' && origin.kind === 'started';

/** Whether the node was restored from an exported lab, in whatever state it was exported. */
export const wasExported = ({ origin }: { readonly origin?: Origin }): boolean =>
	origin?.from === 'checkpoint' && origin.kind === 'failed';
