/** What measurements share: the workshop, and what is made once and then used by several of them. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../src/process/run.js';
import { chooseAccelerator, readQemuVersion } from '../../src/host/accelerator-choice.js';
import { provideImages } from '../../src/prepare/images.js';
import { userPaths } from '../../src/runs/paths.js';
import { prepareByHand } from './by-hand/by-hand.js';
import { prepareDebvm, type DebvmRun } from './by-hand/debvm.js';
import type { ByHandRun } from './by-hand/inside.js';
import { prepareStock } from './by-hand/stock.js';
import { rehearse, runCommand, type EndedRun } from './tool.js';
import { bundledLab, editPlan, readBundledLab, type Cache, type Workshop } from './workshop.js';

export class Bench {
	readonly workshop: Workshop;
	/** Flags of `run` and `image` that name Debian's archive. */
	readonly mirror: readonly string[];
	readonly #made = new Map<string, Promise<unknown>>();

	constructor(workshop: Workshop, mirror: string | undefined) {
		this.workshop = workshop;
		this.mirror = mirror === undefined ? [] : ['--mirror', mirror];
	}

	/** Has the tool and the images built and the accelerator proven: none of it is the work of what is measured. */
	async prepare(): Promise<void> {
		await runCommand(this.workshop, ['--help'], { cache: await this.plainCache() });
		const { images: directory, cache: cacheDirectory } = userPaths();
		const options = { directory, mirror: this.mirror[1], emit: () => undefined };
		const [kernel] = (await provideImages(await readBundledLab(), options)).values();
		if (!kernel) throw new Error('the bundled lab has no images');
		await chooseAccelerator({ choice: 'auto', kernel, cacheDirectory, qemuVersion: await readQemuVersion() });
	}

	/** A cache with images and without checkpoints, for runs that neither use nor save any. */
	readonly plainCache = (): Promise<Cache> => this.#once('plain cache', () => this.workshop.newCache());

	/** A cache with the bundled lab's checkpoints, of both kinds. */
	readonly checkpointed = (): Promise<Cache> =>
		this.#once('checkpoints', async () => {
			const cache = await this.workshop.newCache();
			await rehearse(this.workshop, [bundledLab], { cache, cold: true });
			return cache;
		});

	/** A cache with checkpoints that a measurement made; it is used from now on where there was none, else removed. */
	async offerCheckpoints(cache: Cache): Promise<void> {
		if (this.#made.has('checkpoints')) await rm(cache.home, { recursive: true, force: true });
		else this.#made.set('checkpoints', Promise.resolve(cache));
	}

	/** The bundled lab's images and seeds for the by-hand baseline. */
	readonly byHand = (): Promise<ByHandRun> =>
		this.#once('by hand', async () =>
			prepareByHand(this.workshop, await this.plainCache(), await this.workshop.newDirectory('by-hand')),
		);

	/** The same with stock images and seeds that a person writes. */
	readonly stock = (): Promise<ByHandRun> =>
		this.#once('stock', async () => prepareStock(this.workshop, await this.byHand(), this.mirror[1]));

	/** The machine of the smallest lab for debvm. */
	readonly debvm = (): Promise<DebvmRun> => this.#once('debvm', () => prepareDebvm(this.workshop, this.mirror[1]));

	/** A copy of the bundled lab whose redis needs one more package, with its image built. */
	readonly repackagedLab = (): Promise<string> =>
		this.#once('repackaged lab', async () => {
			const lab = await this.workshop.copyLab();
			await editPlan(lab, ({ nodes }) => nodes.find(({ name }) => name === 'redis')?.recipe.packages.push('tree'));
			await runCommand(this.workshop, ['image', lab, ...this.mirror], { cache: await this.plainCache() });
			return lab;
		});

	/** Rehearses the bundled lab from its checkpoints. */
	async warmRun(...args: string[]): Promise<EndedRun> {
		return rehearse(this.workshop, args, { cache: await this.checkpointed(), cold: false });
	}

	/** Has the host forget what it has read of the checkpoints and images, as over night (dd(1), `nocache`). */
	async forgetPages(): Promise<void> {
		const { home } = await this.checkpointed();
		const places = ['checkpoints', 'images'].map((name) => path.join(home, 'rehearse', name));
		const forget = ['dd', 'if={}', 'iflag=nocache', 'count=0', 'status=none'];
		await run(['find', '-L', ...places, '-type', 'f', '-exec', ...forget, ';']);
	}

	/** Rehearses a copy of the bundled lab from its checkpoints; what the run saves is not there the next time. */
	async warmRunInCopy(...args: string[]): Promise<EndedRun> {
		const cache = await this.workshop.copyCache(await this.checkpointed());
		try {
			return await rehearse(this.workshop, args, { cache, cold: false });
		} finally {
			await rm(cache.home, { recursive: true, force: true });
		}
	}

	/** What `make` makes, made once; made again when it failed. */
	#once<T>(name: string, make: () => Promise<T>): Promise<T> {
		const made = (this.#made.get(name) as Promise<T> | undefined) ?? make();
		this.#made.set(name, made);
		made.catch(() => this.#made.delete(name));
		return made;
	}
}
