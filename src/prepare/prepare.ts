/** Prepares everything that a lab's machines need before they start: images, accelerator, seeds, checkpoints. */
import { stat } from 'node:fs/promises';
import os from 'node:os';
import type { CleanupStack } from '../base/cleanup.js';
import { chooseAccelerator, readQemuVersion } from '../host/accelerator-choice.js';
import { thisHost } from '../host/host.js';
import { adviseKvm } from '../host/kvm.js';
import { admitMemory, describeProcessors } from '../host/memory.js';
import { processorInputs, processorModel } from '../host/processor.js';
import type { Image } from '../image/store.js';
import type { Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import type { AcceleratorChoice, ProvenAccelerator } from '../machine/accelerator.js';
import { propertiesOf } from '../machine/accelerators.js';
import type { HostFingerprint } from '../machine/fingerprint.js';
import { type Deadlines, scaledDeadlines, scriptDeadlineMs, slowdownOf } from '../protocol/run-spec.js';
import type { Paths } from '../runs/paths.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { SeedFiles } from '../seed/content.js';
import { planCheckpoints, type CheckpointPlan, type CheckpointOptions } from './checkpoints.js';
import { provideHostKeys } from './host-keys.js';
import { provideImages } from './images.js';
import { prepareMachines, seedFilesOf, writeSeeds, type PreparedMachine } from './machines.js';
import type { NodeInputs } from './node-fingerprint.js';

export interface PrepareOptions {
	readonly paths: Paths;
	readonly accelerator: AcceleratorChoice;
	readonly checkpoints: CheckpointOptions;
	/** Whether startup scripts are traced. */
	readonly trace: boolean;
	/** Base URI of the Debian archive. The default is that of the host's apt. */
	readonly mirror?: string | undefined;
	/** The nodes whose seeds are written; all by default. The seeds of the others exist already. */
	readonly seeded?: readonly string[];
	/** The process id of the lab daemon; by default that of this process. */
	readonly pid?: number;
}

export interface PrepareContext {
	readonly emit: Emit;
	readonly cleanup: CleanupStack;
	readonly signal: AbortSignal;
}

/** A lab that is ready to start. */
export interface PreparedLab {
	readonly plan: CheckpointPlan;
	/** By node. */
	readonly images: ReadonlyMap<string, Image>;
	/** What saved machines depend on of it. */
	readonly host: HostFingerprint;
	readonly qemuVersion: string;
	readonly accelerator: ProvenAccelerator;
	readonly slowdown: number;
	readonly deadlines: Deadlines;
}

/** Builds images, proves the accelerator, writes seeds, and decides for every machine how it starts. */
export async function prepareLab(
	lab: Lab,
	directory: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
	{ paths, mirror, checkpoints, seeded, pid = process.pid, ...options }: PrepareOptions,
	{ emit, cleanup, signal }: PrepareContext,
): Promise<PreparedLab> {
	const [images, qemuVersion] = await Promise.all([
		stage(emit, 'images', () => provideImages(lab, { directory: paths.images, mirror, emit, signal })),
		readQemuVersion(signal),
	]);
	const wanted = ({ name }: { readonly name: string }) => seeded?.includes(name) ?? true;
	const measured = await measureHost(lab, images, { qemuVersion, choice: options.accelerator, cacheDirectory: paths.cache, wanted, emit, signal });
	const { accelerator, slowdown, deadlines } = measured;
	const { noRestore } = accelerator;
	if (noRestore !== undefined && !checkpoints.cold) {
		emit({ type: 'notice', message: `a machine that is saved does not go on on this host, so all are booted and none is saved: ${noRestore}` });
	}
	const hostKeys = await provideHostKeys(paths.hostKeys, lab.nodes);
	const machines = prepareMachines(lab, images, hostKeys, directory);
	const seeds = await seedFilesOf(machines, { scriptDeadlineSeconds: (script) => scriptDeadlineMs(script, deadlines, slowdown) / 1000, trace: options.trace });
	await stage(emit, 'seeds', () => writeSeeds(machines.filter(({ node }) => wanted(node)), seeds, signal));
	const { host } = measured;
	const plan = await stage(emit, 'checkpoints', async () => {
		const inputs = await Promise.all(machines.map((machine) => inputsOf(machine, seeds.get(machine.node.name) ?? {}, host)));
		return planCheckpoints(lab.name, inputs, noRestore === undefined ? checkpoints : { ...checkpoints, cold: true }, { directory: paths.checkpoints, emit, cleanup, signal, pid });
	});
	return { plan, images, qemuVersion, ...measured };
}

/** What this host can do for a lab: its accelerator, and how fast that is with so many machines. */
export type MeasuredHost = Pick<PreparedLab, 'host' | 'accelerator' | 'slowdown' | 'deadlines'>;

interface MeasureOptions extends Pick<PrepareContext, 'emit' | 'signal'> {
	readonly qemuVersion: string;
	readonly choice: AcceleratorChoice;
	readonly cacheDirectory: string;
	/** Whether a node's machine is about to be started. */
	readonly wanted: (node: { readonly name: string }) => boolean;
}

/** Proves an accelerator and measures it, and reports what the reader should know of this host. */
export async function measureHost(
	lab: Lab,
	images: ReadonlyMap<string, Image>,
	{ choice, wanted, emit, ...options }: MeasureOptions,
): Promise<MeasuredHost> {
	const accelerator = await stage(emit, 'accelerator', () => chooseAccelerator({ choice, images, ...options }));
	emit({ type: 'accelerator', name: accelerator.name, reason: accelerator.reason });
	const advice = propertiesOf(accelerator).isEmulated && choice === 'auto' ? await adviseKvm(thisHost()) : undefined;
	if (advice !== undefined) emit({ type: 'notice', message: advice });
	const memoryNotice = admitMemory(lab.nodes.filter(wanted), accelerator.name, thisHost().freeMemory() / 2 ** 20);
	if (memoryNotice) emit({ type: 'notice', message: memoryNotice });
	const processorsNotice = describeProcessors(lab.nodes, os.availableParallelism());
	if (processorsNotice) emit({ type: 'notice', message: processorsNotice });
	const slowdown = slowdownOf(accelerator.canaryMs, lab.nodes.length, os.availableParallelism());
	const { qemuVersion } = options;
	const host = { qemuVersion, accelerator, processor: processorModel(), processorInputs: await processorInputs(accelerator) };
	return { host, accelerator, slowdown, deadlines: scaledDeadlines(slowdown) };
}

async function inputsOf(machine: PreparedMachine, seed: SeedFiles, host: HostFingerprint): Promise<NodeInputs> {
	const [root, disk] = await Promise.all([stat(machine.image.rootFile), stat(machine.runSpec.spec.seedFile)]);
	return { machine, imageBuiltAt: root.mtimeMs, seed, seedBytes: disk.size, host };
}
