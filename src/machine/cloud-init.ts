/** Judges how cloud-init ended by its own report: `/run/cloud-init/status.json` of the guest. */

import { washed } from '../base/wash.js';

interface StageStatus {
	readonly errors?: readonly string[];
	readonly recoverable_errors?: Readonly<Record<string, readonly string[]>>;
	readonly finished?: number | null;
}

/** The stages of cloud-init, in their order; every one of them has to have finished. */
const stages = ['init-local', 'init', 'modules-config', 'modules-final'] as const;

/**
 * cloud-init's own complaints, one a line; none when it ended `done` with no error and no recoverable
 * warning. A status that cannot be read, or a stage that has not finished, is a complaint too.
 */
export function cloudInitComplaints(statusJson: string): string[] {
	let status: { v1?: Readonly<Record<string, StageStatus>> } | null;
	try {
		status = JSON.parse(statusJson) as typeof status;
	} catch {
		return [`cloud-init left no readable status: ${JSON.stringify(washed(statusJson.slice(0, 200)))}`];
	}
	return washed(stages.flatMap((name) => {
		const stage = status?.v1?.[name];
		if (!stage?.finished) return [`cloud-init's stage ${name} did not finish`];
		const recoverable = Object.entries(stage.recoverable_errors ?? {}).flatMap(([level, messages]) =>
			messages.map((message) => `${name}: ${level}: ${message}`),
		);
		return [...(stage.errors ?? []).map((message) => `${name}: ERROR: ${message}`), ...recoverable];
	}));
}
