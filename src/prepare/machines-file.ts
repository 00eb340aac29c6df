/**
 * Writes `machines.json`: what a run's machines were made of and started with, for a person who looks at the run on another
 * machine.
 */
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { toolVersion } from '../base/package-root.js';
import { pasteable } from '../base/shell.js';
import { processorModel } from '../host/processor.js';
import { readGuestDefinition } from '../image/guest.js';
import type { Image } from '../image/store.js';
import type { LabNode } from '../lab/lab.js';
import type { ProvenAccelerator } from '../machine/accelerator.js';
import { liveArguments } from '../machine/live/spec.js';
import { qemuArguments, type Accelerator } from '../machine/spec.js';
import type { MachineRunSpec } from '../protocol/run-spec.js';
import { machinesPath } from '../runs/run-files.js';

export interface MachinesInput {
	readonly nodes: readonly Pick<LabNode, 'name' | 'suite'>[];
	readonly machines: readonly MachineRunSpec[];
	readonly images: ReadonlyMap<string, Image>;
	readonly accelerator: ProvenAccelerator;
	readonly qemuVersion: string;
	/** How many times slower than the reference host this one was taken to be. */
	readonly slowdown: number;
}

/** Writes the file. It leaves out package lists that cannot be read. */
export async function writeMachinesFile(input: MachinesInput, runDirectory: string): Promise<void> {
	const images = [...new Map([...input.images.values()].map((image) => [image.key, image])).values()];
	const guest = await readGuestDefinition();
	// The key of an image follows from its suite too: all nodes that boot it have the same.
	const suiteOf = ({ key }: Image) => input.nodes.find(({ name }) => input.images.get(name)?.key === key)?.suite ?? guest.suite;
	const value = {
		schema: 1,
		versions: {
			rehearse: toolVersion(),
			node: process.versions.node,
			qemu: input.qemuVersion,
			kernel: `${os.type()} ${os.release()} ${os.arch()}`,
		},
		host: { processor: processorModel(), processors: os.availableParallelism(), memory_mib: Math.round(os.totalmem() / 2 ** 20) },
		accelerator: input.accelerator,
		slowdown: input.slowdown,
		machines: input.machines.map((machine) => ({
			node: machine.spec.name,
			image: input.images.get(machine.spec.name)?.key ?? null,
			// As planned. If the event log reports that the restore failed, the machine was booted.
			origin: machine.origin,
			command: qemuCommand(machine, input.accelerator),
		})),
		images: await Promise.all(images.map(async (image) => ({ key: image.key, suite: suiteOf(image), packages: await packagesOf(image) }))),
	};
	await writeFile(machinesPath(runDirectory), `${JSON.stringify(value, undefined, '\t')}\n`);
}

/** A machine's command, ready to paste. Its tap device only exists in the lab's namespace. */
function qemuCommand({ spec, restore }: MachineRunSpec, accelerator: Accelerator): string {
	if (spec.live) return pasteable(['qemu-system-x86_64', ...liveArguments(spec, accelerator)]);
	const [machine, start] = restore ? ([{ ...spec, layers: restore.layers }, 'incoming'] as const) : ([spec, 'power-on'] as const);
	return pasteable(['qemu-system-x86_64', ...qemuArguments(machine, accelerator, start)]);
}

/** Each package of an image or an ISO with its version, and with architecture and source where it is known; blanks between. */
async function packagesOf({ rootFile }: Image): Promise<readonly string[]> {
	const read = (name: string) => readFile(path.join(path.dirname(rootFile), name), 'utf8');
	const text = await read('packages.txt').catch(() => read('dpkg-manifest')).catch(() => '');
	return text.split('\n').filter((line) => line !== '').map((line) => line.replaceAll('\t', ' '));
}
