/**
 * What a lab is brought up from again on another machine, beside the states of its machines: a file of their checkpoint.
 * It names no path of this host. Reading one is ./parse-saved-lab's.
 */
import path from 'node:path';
import { withoutTrace } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import type { Accelerator } from '../machine/spec.js';
import type { PastStartup, MachineRunSpec, RunSpec } from '../protocol/run-spec.js';

/** The file's name in a checkpoint's directory. */
export const savedLabName = 'lab.json';

/** A machine that was saved. What is not said here, its node says. */
export interface SavedMachine {
	readonly node: string;
	/** Of the image below its disk. One that was built again since, from newer packages, is another by the same key. */
	readonly image: { readonly key: string; readonly builtAt: number };
	/** As whom the scenario gets in. */
	readonly username: string;
	readonly password?: string;
	/** The public half. */
	readonly hostKey: string;
	readonly startup: PastStartup;
}

export interface SavedLab {
	readonly schema: 1;
	/** The run that the machines are of. */
	readonly run: string;
	/** Without the path of its plan and those of its scripts. */
	readonly lab: Lab;
	/** Whether its startup scripts were traced. */
	readonly trace: boolean;
	readonly accelerator: Accelerator;
	readonly qemuVersion: string;
	readonly machines: readonly SavedMachine[];
	/** Nodes that had no machine when the others were saved. */
	readonly absent: readonly string[];
}

/** What is known of a node whose machine is saved. */
export interface NodeToSave {
	readonly runSpec: MachineRunSpec;
	readonly startup: PastStartup;
	/** Of its image's root file, in milliseconds since the epoch. */
	readonly builtAt: number;
}

/** Describes a lab of which some nodes' machines are saved. */
export function describeSavedLab(
	{ lab, run, trace, accelerator, host }: Pick<RunSpec, 'lab' | 'run' | 'trace' | 'accelerator' | 'host'>,
	nodes: readonly NodeToSave[],
): SavedLab {
	const saved = nodes.map(({ runSpec: { spec, username, password, hostKey }, startup, builtAt }) => ({
		node: spec.name,
		// An image's files are in a directory that is named by its key.
		image: { key: path.basename(path.dirname(spec.rootFile)), builtAt },
		...{ username, hostKey, ...(password === undefined ? {} : { password }) },
		startup: { status: startup.status, scripts: startup.scripts.map(withoutTrace) },
	}));
	return {
		...{ schema: 1, run, lab: withoutPaths(lab), trace, accelerator, qemuVersion: host.qemuVersion },
		machines: saved,
		absent: lab.nodes.map(({ name }) => name).filter((name) => !saved.some(({ node }) => node === name)),
	};
}

const withoutPaths = (lab: Lab): Lab => ({
	...lab,
	planPath: '',
	nodes: lab.nodes.map((node) => ({ ...node, startupScripts: node.startupScripts.map(({ file: _file, ...script }) => script) })),
});
