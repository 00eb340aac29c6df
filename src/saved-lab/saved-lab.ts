/**
 * The description of a saved lab: a file in the checkpoint of its machines. It has what another machine needs to restore
 * the lab, beside the states of the machines, and names no path of this host. ./parse reads it.
 */
import path from 'node:path';
import { withoutTrace } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import type { Accelerator } from '../machine/spec.js';
import type { PastStartup, MachineRunSpec, RunSpec } from '../protocol/run-spec.js';

/** The file's name in a checkpoint's directory. */
export const savedLabName = 'lab.json';

/** A saved machine. Everything else about it is in its node. */
export interface SavedMachine {
	readonly node: string;
	/** The image below its disk. An image that was built again from newer packages has the same key, but another `builtAt`. */
	readonly image: { readonly key: string; readonly builtAt: number };
	/** The user that the scenario logs in as. */
	readonly username: string;
	readonly password?: string;
	/** The public half of its SSH host key. */
	readonly hostKey: string;
	readonly startup: PastStartup;
}

export interface SavedLab {
	readonly schema: 1;
	/** The run whose machines these are. */
	readonly run: string;
	/** Without the paths of its plan and its scripts. */
	readonly lab: Lab;
	/** Whether its startup scripts were traced. */
	readonly trace: boolean;
	readonly accelerator: Accelerator;
	readonly qemuVersion: string;
	readonly machines: readonly SavedMachine[];
	/** Nodes that had no machine when the others were saved. */
	readonly absent: readonly string[];
}

/** A node whose machine is saved. */
export interface NodeToSave {
	readonly runSpec: MachineRunSpec;
	readonly startup: PastStartup;
	/** Time of its image's root file, in milliseconds since the epoch. */
	readonly builtAt: number;
}

/** Describes a lab. `nodes` are those whose machines were saved. */
export function describeSavedLab(
	{ lab, run, trace, accelerator, host }: Pick<RunSpec, 'lab' | 'run' | 'trace' | 'accelerator' | 'host'>,
	nodes: readonly NodeToSave[],
): SavedLab {
	const saved = nodes.map(({ runSpec: { spec, username, password, hostKey }, startup, builtAt }) => ({
		node: spec.name,
		// The directory of an image is named by its key.
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
