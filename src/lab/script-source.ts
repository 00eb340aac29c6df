/** The texts of startup scripts as a run keeps them, so that a report can show a trace beside its source. */
import { withoutControls } from '../base/format.js';
import type { Lab } from './lab.js';

export interface ScriptSource {
	readonly node: string;
	readonly script: string;
	readonly text: string;
	/** Absolute path, when the script is a file beside the plan. */
	readonly file?: string;
	/** Only the beginning was kept. */
	readonly isCut?: true;
}

/** Characters that are kept of a script, and of all scripts of a lab together. */
const maximum = { script: 64 * 1024, lab: 512 * 1024 };

/** The scripts of a lab, bounded, free of control characters, in the order of the nodes. */
export function scriptSources({ nodes }: Pick<Lab, 'nodes'>): ScriptSource[] {
	let left = maximum.lab;
	return nodes.flatMap(({ name: node, startupScripts }) =>
		startupScripts.map(({ name: script, text, file }) => {
			const kept = withoutControls(text).slice(0, Math.min(maximum.script, left));
			left -= kept.length;
			return {
				...{ node, script, text: kept },
				...(file === undefined ? {} : { file }),
				...(kept.length < withoutControls(text).length ? { isCut: true as const } : {}),
			};
		}),
	);
}
