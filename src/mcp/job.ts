/** Something that a client has begun and may wait for: a rehearsal, the start of a lab, a scenario, a change to a lab. */
import type { ReportedError } from '../base/errors.js';
import type { RunResult } from '../outcome/result.js';

export type JobKind = 'run' | 'lab' | 'test' | 'change';

/**
 * How far it is. `up` and `down` are a lab's; `done` is a change's; `cancelled` is what the client ended. The others are the
 * verdict: `failed` is a failure of the lab, `error` one of the rehearsal.
 */
export type JobState = 'running' | 'passed' | 'failed' | 'error' | 'not run' | 'up' | 'down' | 'done' | 'cancelled';

/** What is known of it at one moment. */
export interface JobView {
	readonly run: string;
	readonly kind: JobKind;
	readonly state: JobState;
	readonly lab: string;
	/** Absolute path of the plan. */
	readonly plan: string;
	readonly elapsedMs: number;
	/** The last lines of progress. */
	readonly progress: readonly string[];
	/** Once there is one. */
	readonly result?: RunResult;
	/** Why it could not even begin, or why a change failed. */
	readonly error?: ReportedError;
	/** The directory of its run; a test or a change has none of its own. */
	readonly directory?: string;
}

export interface Job {
	readonly id: string;
	readonly isOver: boolean;
	/** Whether it may have a lab that is up, and has to be asked to end it. */
	readonly keepsLab: boolean;
	view(): Promise<JobView>;
	/** Asks it to end, and resolves when it has, with nothing of it left. */
	cancel(): Promise<void>;
	/** Ends it because this server ends, unless it is a lab that is to be kept running. Never rejects. */
	close(): Promise<void>;
}
