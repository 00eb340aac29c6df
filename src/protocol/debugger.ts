/** The messages between a debugger and a lab: lines of JSON over the stream that the request `debug` opens. */
import type { ReportedError, RunEventBody, Status } from '../lab/events.js';
import type { DebugAnswer, DebugStop } from '../machine/debugging/messages.js';

/** A request of the debugger. Each gets one reply. */
export type DebugRequest =
	/**
	 * Runs to the next command (`step`), to the next one in the same function (`over`), to the next one outside it (`out`),
	 * or on (`run`). Every mode stops at a line of `lines` and at a failure.
	 */
	| { readonly do: 'go'; readonly mode: 'step' | 'over' | 'out' | 'run'; readonly lines: readonly number[] }
	/** Runs a command in the script's own shell. It does not count as a command of the script. */
	| { readonly do: 'evaluate'; readonly command: string }
	/** Runs a command instead of the next one. When it succeeds, the script continues behind that one. */
	| { readonly do: 'instead'; readonly command: string; readonly lines: readonly number[] }
	| { readonly do: 'variables'; readonly names: readonly string[] }
	/** Restores the machine as it was `steps` steps ago. With 0 it undoes what was tried since the last stop. */
	| { readonly do: 'back'; readonly steps: number }
	/** Resumes or pauses all machines, while the script is left where it is. */
	| { readonly do: 'resume' | 'pause' }
	/** Lets the scripts run on to their end. */
	| { readonly do: 'quit' };

/** A message that the debugger sends without waiting for a reply: it pauses all machines, wherever the script is. */
export interface Interruption {
	readonly do: 'interrupt';
}

/** Where the debugged script is. */
export type DebugPosition =
	| DebugStop
	/** It was interrupted within a command. */
	| { readonly kind: 'interrupted' }
	/** The machine has ended, or cannot be used. */
	| { readonly kind: 'broken'; readonly message: string }
	/** All scripts have ended. */
	| { readonly kind: 'ended'; readonly startup: Status };

export interface DebugReply {
	readonly position?: DebugPosition;
	readonly answer?: DebugAnswer;
	/** How long the restore took, in milliseconds. */
	readonly restoredMs?: number;
	/** How long the last save took, in milliseconds, and what it occupies on the disk, in bytes. */
	readonly saved?: { readonly ms: number; readonly bytes: number };
}

/** A message of the lab. The first reply answers the request `debug` itself. */
export type DebugResponse =
	| { readonly event: RunEventBody }
	| { readonly reply: DebugReply }
	| { readonly refused: ReportedError };
