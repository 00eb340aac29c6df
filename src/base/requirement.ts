/** What this host must have, and what was found: the shapes that probes fill and `doctor` renders. */

/**
 * `missing` and `too old` keep a rehearsal from running. A `warning` does not: it makes it slower, or may become a
 * failure later.
 */
export type RequirementStatus = 'ok' | 'warning' | 'missing' | 'too old';

/** What a probe found. */
export interface ProbeResult {
	readonly status: RequirementStatus;
	/** A version, or a fact in a few words. */
	readonly found: string;
	/** One command to paste, or what to do where no command can do it; never present when all is well. */
	readonly fix?: string | undefined;
}

/** A requirement with what was found of it. */
export interface CheckedRequirement extends ProbeResult {
	/** Stable, fit for programs. */
	readonly id: string;
	readonly title: string;
	/** What would be enough. */
	readonly needed: string;
}

/** Whether a finding keeps a rehearsal from running. */
export const isBlocking = ({ status }: ProbeResult): boolean => status === 'missing' || status === 'too old';
