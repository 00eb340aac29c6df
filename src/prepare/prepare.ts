/** Prepares everything that a lab's machines need before they start: images, accelerator, seeds, checkpoints. */
import os from 'node:os';
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { interruptedFailure, usageFailure } from '../base/errors.js';
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
import type { CanaryKernel } from '../machine/canary.js';
import type { HostFingerprint } from '../machine/fingerprint.js';
import { type Deadlines, type LateMachines, scaledDeadlines, slowdownOf } from '../protocol/run-spec.js';
import type { Paths } from '../runs/paths.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { wantsStarted, type CheckpointPlan, type CheckpointOptions } from './checkpoints.js';
import { provideHostKeys } from './host-keys.js';
import { allImages, startImages, type ImagesOptions, type LabImages } from './images.js';
import { Rounds } from './rounds.js';

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
	/** The directory where they are written, for the caller to put in place; by default they are where the machines have them. */
	readonly seedsIn?: string;
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

/** A lab that is ready to start, of which some machines may lack their images. */
export interface BegunLab extends PreparedLab {
	/**
	 * Present where some machines of the plan are pending. Prepares each as soon as its image is there, and gives it to
	 * `deliver`. Resolves to what is known then; rejects where an image cannot be built.
	 */
	readonly rest?: (deliver: (late: LateMachines) => Promise<void>) => Promise<Pick<PreparedLab, 'plan' | 'images'>>;
}

/** Prepares all of a lab: images, accelerator, seeds, and for every machine how it starts. */
export async function prepareLab(lab: Lab, directory: Places, options: PrepareOptions, context: PrepareContext): Promise<PreparedLab> {
	// Nothing is built any more when this ends, however long the machines' own clean-up waits.
	return withCleanup(async (builds) => {
		const begun = await beginLab(lab, directory, options, context, builds);
		return { ...begun, ...(await begun.rest?.(() => Promise.resolve())) };
	});
}

type Places = Pick<RunDirectory, 'path' | 'disks' | 'sockets'>;

/**
 * Prepares a lab as far as it can be started: builds images, proves the accelerator with the first of them while others
 * are built, and prepares the machines of those that are there by then.
 * @param builds ends the builds, and is run once nobody waits for them any more
 */
export async function beginLab(
	lab: Lab,
	directory: Places,
	{ paths, mirror, checkpoints, seeded, seedsIn, pid = process.pid, ...options }: PrepareOptions,
	{ emit, cleanup, signal }: PrepareContext,
	builds: CleanupStack = cleanup,
): Promise<BegunLab> {
	if (lab.nodes.length === 0) throw usageFailure('the lab has no nodes');
	const wanted = ({ name }: { readonly name: string }) => seeded?.includes(name) ?? true;
	// Machines that are being prepared when the run breaks are waited for, too.
	let preparing: Promise<unknown> = Promise.resolve();
	builds.defer('machines that are prepared', async () => void (await preparing.catch(() => undefined)));
	const readingVersion = readQemuVersion(signal);
	const { building, all, measuring } = buildAndMeasure(lab, { directory: paths.images, mirror, emit, signal }, builds, async (image, either) => {
		const qemuVersion = await readingVersion;
		return measureHost(lab, image, { qemuVersion, choice: options.accelerator, cacheDirectory: paths.cache, wanted, emit, signal: either });
	});
	const [measured, qemuVersion, images] = await Promise.all([measuring, readingVersion, building]);
	const { noRestore } = measured.accelerator;
	if (noRestore !== undefined && !checkpoints.cold) {
		emit({ type: 'notice', message: `a machine that is saved does not go on on this host, so all are booted and none is saved: ${noRestore}` });
	}
	const hostKeys = await provideHostKeys(paths.hostKeys, lab.nodes);
	const rounds = new Rounds({
		...{ lab, directory, hostKeys, measured, wanted, seedsIn, emit, signal, trace: options.trace },
		checkpoints: noRestore === undefined ? checkpoints : { ...checkpoints, cold: true },
		planning: { directory: paths.checkpoints, emit, cleanup, signal, pid, planNodes: lab.planNodes, connections: lab.connections },
	});
	// Those that are restored as their startup scripts left them are looked for together.
	if (!areAll(images, lab) && !wantsStarted(checkpoints)) {
		const { rest, ...known } = await rounds.begin(images, all);
		const begin: typeof rest = (deliver) => {
			const whole = rest(deliver);
			preparing = whole;
			return whole;
		};
		return { ...known, rest: begin, qemuVersion, ...measured };
	}
	const whole = await all;
	return { plan: await rounds.whole(whole), images: whole, qemuVersion, ...measured };
}

/** Whether every node has its image by now. */
const areAll = (images: LabImages, { nodes }: Pick<Lab, 'nodes'>): boolean => images.ready().size === nodes.length;

/** Begins to build the images of a lab, and measures this host with the first that is there. */
function buildAndMeasure(
	lab: Lab,
	options: Omit<ImagesOptions, 'useFirst'> & { readonly signal: AbortSignal },
	builds: CleanupStack,
	measure: (image: Image, signal: AbortSignal) => Promise<MeasuredHost>,
) {
	let settle = (_measured: Promise<MeasuredHost>): void => undefined;
	const first = new Promise<MeasuredHost>((resolve) => (settle = resolve));
	const useFirst = async (image: Image, signal: AbortSignal): Promise<void> => {
		// Where nothing is built, one stage is reported after the other.
		if (areAll(await building, lab)) await all;
		const measured = measure(image, signal);
		settle(measured);
		await measured;
	};
	const building = imagesUntil(lab, { ...options, useFirst }, builds);
	const all = stage(options.emit, 'images', async () => allImages(await building));
	// Without images there is no first one.
	const measuring = Promise.race([first, all.then(() => first)]);
	// Whoever waits for one of them may wait for another at the moment.
	for (const promise of [building, all, measuring]) promise.catch(() => undefined);
	return { building, all, measuring };
}

/** Begins to build the missing images of a lab. When `builds` is run, they end. */
async function imagesUntil(lab: Lab, options: ImagesOptions & { readonly signal: AbortSignal }, builds: CleanupStack): Promise<LabImages> {
	const { signal } = options;
	const ending = new AbortController();
	const onAbort = () => ending.abort(signal.reason);
	let begun: Promise<LabImages> | undefined;
	builds.defer('images', async () => {
		signal.removeEventListener('abort', onAbort);
		ending.abort(interruptedFailure('the end of the run'));
		await (await begun?.catch(() => undefined))?.settled;
	});
	signal.throwIfAborted();
	signal.addEventListener('abort', onAbort, { once: true });
	begun = startImages(lab, { ...options, signal: ending.signal });
	return begun;
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
	kernel: CanaryKernel,
	{ choice, wanted, emit, ...options }: MeasureOptions,
): Promise<MeasuredHost> {
	const accelerator = await stage(emit, 'accelerator', () => chooseAccelerator({ choice, kernel, ...options }));
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

/** The image of a lab's first node. @throws Failure `usage` for a lab without nodes */
export function firstOf(images: ReadonlyMap<string, Image>): Image {
	const [image] = images.values();
	if (!image) throw usageFailure('the lab has no nodes');
	return image;
}
