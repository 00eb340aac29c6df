/** Prepares the machines of an imported lab for their restore. */
import { cp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { hostFailure, usageFailure } from '../base/errors.js';
import { withoutControls } from '../base/format.js';
import { readCheckpoint, verifyFound, type Checkpoint } from '../checkpoint/store.js';
import { chooseAccelerator, readQemuVersion } from '../host/accelerator-choice.js';
import { thisHost } from '../host/host.js';
import { admitMemory } from '../host/memory.js';
import { processorInputs, processorModel } from '../host/processor.js';
import type { Image } from '../image/store.js';
import type { Lab } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import { propertiesOf } from '../machine/accelerators.js';
import { machineFingerprint, type HostFingerprint } from '../machine/fingerprint.js';
import { findQcow2Danger } from '../machine/qcow2.js';
import { restored } from '../protocol/restored.js';
import { scaledDeadlines, slowdownOf, type MachineRunSpec } from '../protocol/run-spec.js';
import { keepFresh } from '../runs/heartbeat.js';
import type { Paths } from '../runs/paths.js';
import { holderFile, writeHolder, type RunDirectory } from '../runs/run-directory.js';
import { compareHosts } from '../saved-lab/compare-hosts.js';
import { findCheckpointIn, imageIn } from '../saved-lab/layout.js';
import type { SavedLab } from '../saved-lab/saved-lab.js';
import { machineOf } from './machines.js';
import { firstOf, type PrepareContext, type PreparedLab } from './prepare.js';

/** An imported run that came with machines. */
export interface ImportedLab {
	/** The directory of the imported run. */
	readonly directory: string;
	readonly saved: SavedLab;
}

/**
 * Specifies every machine of an imported lab. The machines use the unpacked files directly, so these are kept as long as this
 * process lives.
 * @throws Failure `cannot-restore` on a host that differs too much from the one that the lab was saved on
 */
export async function prepareImported(
	{ directory, saved }: ImportedLab,
	lab: Lab,
	run: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
	paths: Pick<Paths, 'cache'>,
	{ emit, cleanup, signal }: PrepareContext,
): Promise<PreparedLab> {
	cleanup.defer('opened run', () => rm(holderFile(directory), { force: true }));
	// Neither a later run nor `rehearse prune` removes the run of a process that lives.
	await writeHolder(directory);
	keepFresh(directory, undefined, cleanup);
	const images = new Map(saved.machines.map(({ node, image }) => [node, imageIn(directory, image.key)]));
	const checkpoint = await stage(emit, 'checkpoints', () => readImported(directory, signal));
	const machines = machinesOf(saved, lab, images, run).map((machine) => restored(machine, checkpoint, machine.spec.name));
	const qemuVersion = await readQemuVersion(signal);
	const host = { qemuVersion, processor: processorModel(), processorInputs: await processorInputs(saved.accelerator) };
	// Checked before an accelerator is proven, which takes time.
	requireSameHost(checkpoint, machines, { ...host, accelerator: saved.accelerator }, saved);
	const accelerator = await stage(emit, 'accelerator', () =>
		chooseAccelerator({ choice: saved.accelerator.name, kernel: firstOf(images), cacheDirectory: paths.cache, qemuVersion, signal }),
	);
	emit({ type: 'accelerator', name: accelerator.name, reason: `the lab was saved with it; ${accelerator.reason}` });
	if (!requireSameHost(checkpoint, machines, { ...host, accelerator }, saved)) emit({ type: 'notice', message: otherPace });
	const memoryNotice = admitMemory(lab.nodes, accelerator.name, thisHost().freeMemory() / 2 ** 20);
	if (memoryNotice) emit({ type: 'notice', message: memoryNotice });
	for (const node of saved.absent) {
		emit({ type: 'notice', message: `${node} is missing: it had no machine when this lab was saved` });
	}
	await requireHarmless(machines);
	await copyParts(directory, run.path);
	const slowdown = slowdownOf(accelerator.canaryMs, lab.nodes.length, os.availableParallelism());
	return {
		plan: { machines, startedKey: checkpoint.manifest.key },
		...{ images, host: { ...host, accelerator }, qemuVersion, accelerator, slowdown, deadlines: scaledDeadlines(slowdown) },
	};
}

/** Specifies the machines of the nodes, before the restore is added. */
function machinesOf(
	saved: SavedLab,
	lab: Lab,
	images: ReadonlyMap<string, Image>,
	run: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
): MachineRunSpec[] {
	return lab.nodes.map((node, index) => {
		const machine = saved.machines.find((candidate) => candidate.node === node.name);
		const image = images.get(node.name);
		if (!machine || !image) throw usageFailure(`the bundle has no machine for ${node.name}`, { node: node.name });
		const { username, password, hostKey, startup } = machine;
		const login = { username, ...(password === undefined ? {} : { password }), ...(node.ssh ? { sshPort: node.ssh.port } : {}) };
		return { ...machineOf(node, index, image, run), ...login, hostKey, startup };
	});
}

/** The guests' kernels rely on the time stamp counter: see ../machine/spec. */
const otherPace =
	'the lab was saved on another processor: its clocks may run too fast or too slow here, until you run in a node ' +
	'`echo acpi_pm >/sys/devices/system/clocksource/clocksource0/current_clocksource`';

/** Reads and verifies the checkpoint of an imported run. @throws Failure `usage` when it is missing or damaged */
async function readImported(directory: string, signal: AbortSignal): Promise<Checkpoint> {
	const checkpoint = await findCheckpointIn(directory);
	const found = checkpoint === undefined ? undefined : await readCheckpoint(checkpoint);
	if (!found) throw usageFailure(`${path.basename(directory)} came without machines`, { hint: '`rehearse bundle --with-checkpoints` takes them along' });
	const verified = await verifyFound(found, { signal });
	if ('checkpoint' in verified) return verified.checkpoint;
	throw usageFailure(`the machines that came with ${path.basename(directory)} are damaged: ${withoutControls(verified.damaged)}`);
}

/**
 * Checks that this host can restore every machine. Returns whether their clocks will run at the right rate.
 * @throws Failure `cannot-restore`
 */
function requireSameHost({ manifest }: Checkpoint, machines: readonly MachineRunSpec[], host: HostFingerprint, saved: SavedLab): boolean {
	const differences = machines.map(({ spec }) => {
		const then = manifest.machines.find(({ node }) => node === spec.name)?.fingerprint ?? {};
		return compareHosts(then, machineFingerprint(spec, host), propertiesOf(host.accelerator).isEmulated);
	});
	const hindrances = [...new Set(differences.flatMap((difference) => difference.hindrances))];
	if (hindrances.length === 0) return !differences.some(({ hasOtherPace }) => hasOtherPace);
	const { accel, cpu } = saved.accelerator;
	throw hostFailure('cannot-restore', `this host cannot restore the lab's machines: ${hindrances.join('; ')}`, {
		hint: `they need ${saved.qemuVersion}, -accel ${accel}, -cpu ${cpu}, and the version of rehearse that made the bundle`,
	});
}

/** Copies seeds and plan to the new run, so that it can be exported again like any run. */
async function copyParts(imported: string, run: string): Promise<void> {
	const copy = (part: string) => cp(path.join(imported, part), path.join(run, part), { recursive: true });
	await copy('seeds').catch((cause: unknown) => {
		throw usageFailure('the bundle has no seeds, and its machines need them to start', { cause });
	});
	// The imported run may lack its plan.
	await copy('plan').catch(() => undefined);
}

/** Checks that no disk of a stranger refers to another file of this host. @throws Failure `usage` */
async function requireHarmless(machines: readonly MachineRunSpec[]): Promise<void> {
	for (const { spec, restore } of machines) {
		for (const layer of restore?.layers ?? []) {
			const danger = await findQcow2Danger(layer);
			if (danger === undefined) continue;
			throw usageFailure(`the disk of ${spec.name} in the bundle was not made by rehearse: ${danger}`, { node: spec.name });
		}
	}
}
