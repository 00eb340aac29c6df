import path from 'node:path';
import type { Checkpoint } from '../checkpoint/store.js';
import type { MachineRunSpec } from './run-spec.js';

/**
 * Changes a machine's specification so that it is restored from a checkpoint. A machine that the checkpoint does not have
 * is left as it is.
 */
export function restored(runSpec: MachineRunSpec, { directory, manifest }: Checkpoint, node: string): MachineRunSpec {
	const machine = manifest.machines.find((candidate) => candidate.node === node);
	if (!machine) return runSpec;
	const file = (name: string) => path.join(directory, name);
	const pages = machine.pages === undefined ? {} : { pagesFile: file(machine.pages) };
	const files = { stateFile: file(machine.state), ramFile: file(machine.ram), ...pages, layers: machine.layers.map(file) };
	return {
		...runSpec,
		origin: { from: 'checkpoint', kind: manifest.kind, savedAt: manifest.savedAt },
		restore: { checkpoint: directory, ...files },
	};
}
