/** The requests that a running lab accepts over its control socket (../control), and its answers. */
import path from 'node:path';
import type { Status } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import type { ServicePort } from '../lab/service-ports.js';
import type { TerminalSize } from '../machine/control-channel.js';
import type { Accelerator } from '../machine/spec.js';
import type { LinkState } from '../network/link.js';
import type { ExportRequest, Replacement } from './run-spec.js';

/** A request. The comment at each kind names its answer. */
export type LabRequest =
	/** → LabStatus */
	| { readonly op: 'status' }
	/** → a stream: a TCP connection to a port of a node */
	| { readonly op: 'dial'; readonly node: string; readonly port: number }
	/** → a stream: a terminal with a root shell */
	| { readonly op: 'shell'; readonly node: string; readonly size: TerminalSize; readonly terminal: string }
	| { readonly op: 'resize'; readonly node: string; readonly size: TerminalSize }
	/** Authorizes an SSH key, for the declared user where no user is named. */
	| { readonly op: 'authorize'; readonly node: string; readonly user?: string; readonly publicKey: string }
	/** → LoginOutcome: whether people get in by SSH, and why not */
	| { readonly op: 'login'; readonly node: string }
	/** Runs a command in bash as root, as assertions run theirs: it needs no network and no SSH. → CommandAnswer */
	| { readonly op: 'exec'; readonly node: string; readonly command: string; readonly timeoutMs: number; readonly maximumBytes: number }
	/** → whether every assertion passed; events report each assertion */
	| { readonly op: 'test'; readonly tests: readonly string[]; readonly deadlineMs: number }
	| { readonly op: 'link'; readonly node: string; readonly link: LinkState }
	| { readonly op: 'pause' | 'resume' | 'kill'; readonly node: string }
	/** → a stream: the messages of ./debugger */
	| { readonly op: 'debug'; readonly node: string; readonly script?: string }
	/** Events report how the machines restart or are restored. */
	| { readonly op: 'restart'; readonly node: string }
	| { readonly op: 'reset' }
	/** → CurrentLab */
	| { readonly op: 'plan' }
	/** Replaces some nodes, and the lab's plan. → the directories of the checkpoints that the lab still uses */
	| ({ readonly op: 'replace' } & Replacement)
	/** Saves the journals and all machines as they are, for an export. The machines continue. → SavedLab */
	| ({ readonly op: 'save' } & ExportRequest)
	/** Ends the lab. The answer comes before the end. */
	| { readonly op: 'down' };

/** What came of a command in a node: washed, without declared passwords, and of each stream the end. */
export interface CommandAnswer {
	readonly stdout: string;
	readonly stderr: string;
	/** Bytes that the command wrote, of which the texts above are the end; 8 MiB at most. */
	readonly stdoutBytes: number;
	readonly stderrBytes: number;
	/** Absent when a signal ended it, or it had not ended in time and was killed. */
	readonly exitCode?: number;
	/** Name of the signal that ended it, without `SIG`. */
	readonly signal?: string;
	readonly timedOut: boolean;
	readonly ms: number;
}

/** What a running lab was made from. */
export interface CurrentLab {
	readonly lab: Lab;
	readonly accelerator: Accelerator['name'];
	/** Whether it neither uses nor makes checkpoints. */
	readonly isCold: boolean;
	/** The key of the checkpoint that it goes back to, whether that exists or not; absent where it is cold. */
	readonly startedKey?: string;
	/** Nodes without a machine: it could not be started, or it has ended. */
	readonly ended: readonly string[];
	/** Whether its startup scripts are traced. */
	readonly trace: boolean;
	/** Whether declared passwords are shown. */
	readonly showSecrets: boolean;
}

/** The state of a lab at one moment. */
export interface LabStatus {
	readonly lab: string;
	/** Whether it runs until somebody ends it. Otherwise it is still coming up, or it is a rehearsal that ends by itself. */
	readonly isReady: boolean;
	readonly nodes: readonly NodeStatus[];
	/** The ports that connections and assertions name. */
	readonly ports: readonly ServicePort[];
	/** Names of the scenario's tests. */
	readonly tests: readonly string[];
}

/** The path of a lab's control socket in its socket directory. */
export const controlSocketIn = (sockets: string): string => path.join(sockets, 'control');

/** How far a node has come. */
export type NodeStage = 'waiting' | 'restoring' | 'booting' | 'provisioned' | 'starting' | 'started' | 'startup failed' | 'ended';

/** The state of a node of a running lab, as `rehearse status` shows it. */
export interface NodeStatus {
	readonly name: string;
	readonly stage: NodeStage;
	readonly paused: boolean;
	/** How its startup scripts ended, once they have. */
	readonly startup?: Status;
	/** The startup scripts that failed; absent when none did. */
	readonly failedScripts?: readonly string[];
	/** Time since its machine was booted or restored, in milliseconds; absent when none runs. */
	readonly uptimeMs?: number;
	readonly uplinkAddress: string;
	/** Lab address with prefix length. */
	readonly alias: string;
	/** Resident memory of its QEMU, in MiB. */
	readonly residentMiB?: number;
	readonly memoryMiB: number;
	readonly link: LinkState;
}
