/** An imported lab: what its machines need before they are restored. */
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
import type { PrepareContext, PreparedLab } from './prepare.js';

/** A run that was opened here, with the machines that came with it. */
export interface ImportedLab {
	/** Of the run. */
	readonly directory: string;
	readonly saved: SavedLab;
}

/**
 * Gives every machine of an imported lab its files here. Its files are used from where they were unpacked, and
 * what was unpacked stays for as long as this process lives.
 * @throws Failure `cannot-restore` on a host that is not enough like the one that the lab was saved on
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
	// Before an accelerator is proven, which takes its time.
	requireSameHost(checkpoint, machines, { ...host, accelerator: saved.accelerator }, saved);
	const accelerator = await stage(emit, 'accelerator', () =>
		chooseAccelerator({ choice: saved.accelerator.name, images, cacheDirectory: paths.cache, qemuVersion, signal }),
	);
	emit({ type: 'accelerator', name: accelerator.name, reason: `the lab was saved so; ${accelerator.reason}` });
	if (!requireSameHost(checkpoint, machines, { ...host, accelerator }, saved)) emit({ type: 'notice', message: otherPace });
	const memoryNotice = admitMemory(lab.nodes, accelerator.name, thisHost().freeMemory() / 2 ** 20);
	if (memoryNotice) emit({ type: 'notice', message: memoryNotice });
	for (const node of saved.absent) emit({ type: 'notice', message: `${node} had no machine any more when this lab was saved, and is not here` });
	await requireHarmless(machines);
	await copyParts(directory, run.path);
	const slowdown = slowdownOf(accelerator.canaryMs, lab.nodes.length, os.availableParallelism());
	return {
		plan: { machines, startedKey: checkpoint.manifest.key },
		...{ images, host: { ...host, accelerator }, qemuVersion, accelerator, slowdown, deadlines: scaledDeadlines(slowdown) },
	};
}

/** The machines of a lab's nodes, before they are said to be restored. */
function machinesOf(
	saved: SavedLab,
	lab: Lab,
	images: ReadonlyMap<string, Image>,
	run: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
): MachineRunSpec[] {
	return lab.nodes.map((node, index) => {
		const machine = saved.machines.find((candidate) => candidate.node === node.name);
		const image = images.get(node.name);
		if (!machine || !image) throw usageFailure(`the bundle has no machine of ${node.name}`, { node: node.name });
		const { username, password, hostKey, startup } = machine;
		return { ...machineOf(node, index, image, run), username, ...(password === undefined ? {} : { password }), hostKey, startup };
	});
}

/** The guests' kernels were told to rely on the time stamp counter: see ../../machine/spec. */
const otherPace =
	'the lab was saved on another processor: its clocks may go too fast or too slow here, until a node is told `echo acpi_pm >/sys/devices/system/clocksource/clocksource0/current_clocksource`';

/** @throws Failure `usage` for a checkpoint that is not there as it was packed */
async function readImported(directory: string, signal: AbortSignal): Promise<Checkpoint> {
	const place = await findCheckpointIn(directory);
	const found = place === undefined ? undefined : await readCheckpoint(place);
	if (!found) throw usageFailure(`${path.basename(directory)} came without machines`, { hint: '`rehearse bundle --with-checkpoints` takes them along' });
	const verified = await verifyFound(found, { signal });
	if ('checkpoint' in verified) return verified.checkpoint;
	throw usageFailure(`the machines that came with ${path.basename(directory)} are damaged: ${withoutControls(verified.damaged)}`);
}

/** Every machine can be restored on this host, or none is. Resolves to whether their clocks go at the pace that they know. */
function requireSameHost({ manifest }: Checkpoint, machines: readonly MachineRunSpec[], host: HostFingerprint, saved: SavedLab): boolean {
	const differences = machines.map(({ spec }) => {
		const then = manifest.machines.find(({ node }) => node === spec.name)?.fingerprint ?? {};
		return compareHosts(then, machineFingerprint(spec, host), host.accelerator.name === 'tcg');
	});
	const hindrances = [...new Set(differences.flatMap((difference) => difference.hindrances))];
	if (hindrances.length === 0) return !differences.some(({ hasOtherPace }) => hasOtherPace);
	throw hostFailure('cannot-restore', `the lab's machines cannot go on here, as this host is another: ${hindrances.join('; ')}`, {
		hint: `what it takes: ${saved.qemuVersion}, -accel ${saved.accelerator.accel}, -cpu ${saved.accelerator.cpu}, and the version of rehearse that made the bundle`,
	});
}

/** The new run has seeds and plan of its own, as any run has: so it can be handed on. */
async function copyParts(imported: string, run: string): Promise<void> {
	const copy = (part: string) => cp(path.join(imported, part), path.join(run, part), { recursive: true });
	await copy('seeds').catch((cause: unknown) => {
		throw usageFailure('the bundle has no seeds, without which its machines cannot be started', { cause });
	});
	// A run may have been without its plan already.
	await copy('plan').catch(() => undefined);
}

/** A stranger's disk leads to no other file of this host. */
async function requireHarmless(machines: readonly MachineRunSpec[]): Promise<void> {
	for (const { spec, restore } of machines) {
		for (const layer of restore?.layers ?? []) {
			const danger = await findQcow2Danger(layer);
			if (danger !== undefined) throw usageFailure(`the disk of ${spec.name} in the bundle is none that rehearse makes: ${danger}`, { node: spec.name });
		}
	}
}
