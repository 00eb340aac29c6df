/** Requirements that the tool has of this host. Probes fill these types, and `doctor` shows them. */

/**
 * `missing` and `too old` prevent a rehearsal. A `warning` does not: it means that a rehearsal is slower, or may fail
 * later.
 */
export type RequirementStatus = 'ok' | 'warning' | 'missing' | 'too old';

/** What a probe found. */
export interface ProbeResult {
	readonly status: RequirementStatus;
	/** A version, or a short fact. */
	readonly found: string;
	/** A command to paste, or what to do where no command helps. Absent when the status is `ok`. */
	readonly fix?: string | undefined;
}

/** A requirement and what a probe found. */
export interface CheckedRequirement extends ProbeResult {
	/** Programs may rely on it: it does not change between versions. */
	readonly id: string;
	readonly title: string;
	/** The least that suffices. */
	readonly needed: string;
}

/** Whether a finding prevents a rehearsal. */
export const isBlocking = ({ status }: ProbeResult): boolean => status === 'missing' || status === 'too old';
