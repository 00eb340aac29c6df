/** What can be asked of a lab that runs, over its control socket (../control), and what it answers. */
import path from 'node:path';
import type { Status } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import type { ServicePort } from '../lab/service-ports.js';
import type { TerminalSize } from '../machine/control-channel.js';
import type { Accelerator } from '../machine/spec.js';
import type { LinkState } from '../network/link.js';
import type { ExportRequest, Replacement } from './run-spec.js';

/** A question, and what its answer is. */
export type LabRequest =
	/** → LabStatus */
	| { readonly op: 'status' }
	/** → a stream: a TCP connection to a port of a node */
	| { readonly op: 'dial'; readonly node: string; readonly port: number }
	/** → a stream: a terminal with a root shell */
	| { readonly op: 'shell'; readonly node: string; readonly size: TerminalSize; readonly terminal: string }
	| { readonly op: 'resize'; readonly node: string; readonly size: TerminalSize }
	/** Lets a key in by SSH, as the declared user where none is named. */
	| { readonly op: 'authorize'; readonly node: string; readonly user?: string; readonly publicKey: string }
	/** → LoginOutcome: whether people get in by SSH, and why not */
	| { readonly op: 'login'; readonly node: string }
	/** → whether every assertion passed; the events tell of each */
	| { readonly op: 'test'; readonly tests: readonly string[]; readonly deadlineMs: number }
	| { readonly op: 'link'; readonly node: string; readonly link: LinkState }
	| { readonly op: 'pause' | 'resume' | 'kill'; readonly node: string }
	/** → a stream: what ./debugging/protocol has a debugger and a lab say */
	| { readonly op: 'debug'; readonly node: string; readonly script?: string }
	/** The events tell how the machines come back. */
	| { readonly op: 'restart'; readonly node: string }
	| { readonly op: 'reset' }
	/** → CurrentLab */
	| { readonly op: 'plan' }
	/** → the directories of the checkpoints that it still uses. Makes some nodes anew; the lab is another from then on. */
	| ({ readonly op: 'replace' } & Replacement)
	/** → SavedLab: keeps the journals and saves all machines as they are, to be exported; they go on. */
	| ({ readonly op: 'save' } & ExportRequest)
	/** Ends the lab; answered before it has ended. */
	| { readonly op: 'down' };

/** What a lab that runs was made from. */
export interface CurrentLab {
	readonly lab: Lab;
	readonly accelerator: Accelerator['name'];
	/** It uses and makes no checkpoint. */
	readonly isCold: boolean;
	/** Nodes that have no machine: they could not be made, or have ended. */
	readonly ended: readonly string[];
	/** Its startup scripts are traced. */
	readonly trace: boolean;
}

/** A lab at one moment. */
export interface LabStatus {
	readonly lab: string;
	/** Whether it stays until it is ended; it is still coming up, or a run that goes on by itself, otherwise. */
	readonly isReady: boolean;
	readonly nodes: readonly NodeStatus[];
	/** What connections and assertions name. */
	readonly ports: readonly ServicePort[];
	/** Names of the scenario's tests. */
	readonly tests: readonly string[];
}

/** The control socket of a lab, in its directory of sockets. */
export const controlSocketIn = (sockets: string): string => path.join(sockets, 'control');

/** How far a node is. */
export type NodeStage = 'waiting' | 'restoring' | 'booting' | 'provisioned' | 'starting' | 'started' | 'startup failed' | 'ended';

/** A node of a lab that runs, as `rehearse status` tells of it. */
export interface NodeStatus {
	readonly name: string;
	readonly stage: NodeStage;
	readonly paused: boolean;
	/** How its startup scripts ended, once they have. */
	readonly startup?: Status;
	/** The startup scripts that have failed, where some have. */
	readonly failedScripts?: readonly string[];
	/** Since its machine was booted or restored, in milliseconds; absent where none runs. */
	readonly uptimeMs?: number;
	readonly uplinkAddress: string;
	/** Lab address with prefix length. */
	readonly alias: string;
	/** Resident memory of its QEMU. */
	readonly residentMiB?: number;
	readonly memoryMiB: number;
	readonly link: LinkState;
}
