/** What a debugger and a lab say to each other: a line of JSON each, over the stream that the question `debug` opens. */
import type { ReportedError, RunEventBody, Status } from '../lab/events.js';
import type { DebugAnswer, DebugStop } from '../machine/debugging/messages.js';

/** What the debugger wants; each has one reply. */
export type DebugRequest =
	/** To the next command, the next in the same function, the next outside it, or a line; a line of `lines` stops all. */
	| { readonly do: 'go'; readonly mode: 'step' | 'over' | 'out' | 'run'; readonly lines: readonly number[] }
	/** Runs a command in the script's own shell; it is not the script's. */
	| { readonly do: 'evaluate'; readonly command: string }
	/** Runs a command in the place of the one that is next. When it succeeds, the script goes on behind that. */
	| { readonly do: 'instead'; readonly command: string; readonly lines: readonly number[] }
	| { readonly do: 'variables'; readonly names: readonly string[] }
	/** Restores the machine as it was before the last step; before this one began, where `steps` is 0. */
	| { readonly do: 'back'; readonly steps: number }
	/** All machines go on for a while, the script stays where it is; or no longer. */
	| { readonly do: 'resume' | 'pause' }
	/** Lets the scripts run on to their end. */
	| { readonly do: 'quit' };

/** What is said without waiting for the reply to anything: all machines are to stand still, wherever the script is. */
export interface Interruption {
	readonly do: 'interrupt';
}

/** Where the debugged scripts are. */
export type DebugPosition =
	| DebugStop
	/** Within a command. */
	| { readonly kind: 'interrupted' }
	/** The machine is no more, or no use. */
	| { readonly kind: 'broken'; readonly message: string }
	/** Its scripts are over. */
	| { readonly kind: 'ended'; readonly startup: Status };

export interface DebugReply {
	readonly position?: DebugPosition;
	readonly answer?: DebugAnswer;
	/** How long the machine took to be restored, in milliseconds. */
	readonly restoredMs?: number;
	/** How long the last save took, in milliseconds, and what it occupies, in bytes. */
	readonly saved?: { readonly ms: number; readonly bytes: number };
}

/** What the lab says: the first reply, unasked, is to the question that opened the stream. */
export type DebugResponse =
	| { readonly event: RunEventBody }
	| { readonly reply: DebugReply }
	| { readonly refused: ReportedError };
