/** Failures that startup scripts went on behind, in the result object. */
import { withoutControls } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import { swallowedSteps } from '../lab/trace.js';

/** A failure that a startup script went on behind. */
export interface SwallowedResult {
	/** Of the script, or of `source`; `null` where the shell did not report it. */
	readonly line: number | null;
	/** The sourced file that the command is in, if it is in one. */
	readonly source?: string;
	readonly command: string;
	readonly exit_code: number | null;
	/** The command's own message; empty when it wrote none. */
	readonly message: string;
}

/** The part of a script's result for swallowed failures: nothing when there are none. */
export function swallowedResults(outcome: ScriptOutcome | undefined): { readonly swallowed?: readonly SwallowedResult[] } {
	const steps = swallowedSteps(outcome?.trace);
	if (steps.length === 0) return {};
	return {
		swallowed: steps.map(({ line, source, command, status, message }) => ({
			line: line ?? null,
			...(source === undefined ? {} : { source: withoutControls(source) }),
			command: withoutControls(command),
			exit_code: status ?? null,
			message: withoutControls(message ?? ''),
		})),
	};
}
