/** The states of a machine at the stops of a debugger, each with what the disk was then. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { diskUsage } from '../../base/disk-usage.js';
import { usageFailure } from '../../base/errors.js';
import type { DebugStop } from '../../machine/debugging/messages.js';
import { stateFilesIn, type StateFiles } from '../../machine/memory.js';
import { createOverlay } from '../../machine/qcow2.js';
import { freezeLayer, type LiveMachine } from '../saving.js';

/** How many are kept: each occupies what the guest has in its memory. */
export const kept = 10;

export interface SavePoint extends StateFiles {
	readonly stop: DebugStop;
	/** The disk's qcow2 files of that time, top first. */
	readonly layers: readonly string[];
}

export interface SaveCost {
	readonly ms: number;
	readonly bytes: number;
}

/** Saves a halted machine at each stop. What could not be saved is reported when somebody wants to go back to it. */
export class SavePoints {
	readonly #directory: string;
	readonly #options: { readonly deadlineMs: number; readonly signal: AbortSignal };
	#points: { readonly stop: DebugStop; readonly saving: Promise<SavePoint> }[] = [];
	/** How many of the oldest have been removed. */
	#gone = 0;
	#files = 0;
	/** The memory of the machine that goes on from one of them. */
	#base: string | undefined;
	/** Of the last one that is done. */
	cost: SaveCost | undefined;

	/** @param directory one of its own, made when it is needed */
	constructor(directory: string, options: { readonly deadlineMs: number; readonly signal: AbortSignal }) {
		this.#directory = directory;
		this.#options = options;
	}

	get count(): number {
		return this.#points.length;
	}

	/** A name for a disk layer that none has had. */
	async newLayer(diskMiB: number): Promise<string> {
		await mkdir(this.#directory, { recursive: true });
		const file = path.join(this.#directory, `${++this.#files}.qcow2`);
		await createOverlay(file, diskMiB);
		return file;
	}

	/** Begins to save a machine, which must be halted until `settle`. */
	begin(live: LiveMachine, stop: DebugStop): void {
		const saving = this.#save(live, stop);
		saving.catch(() => undefined);
		this.#points.push({ stop, saving });
	}

	/** Resolves when nothing is being saved. */
	async settle(): Promise<void> {
		await this.#points.at(-1)?.saving.catch(() => undefined);
	}

	/** The state of the stop that was `back` before the last one, and forgets those behind it. @throws Failure `usage` where there is none */
	async takeBack(back: number): Promise<SavePoint> {
		const index = this.#points.length - 1 - back;
		const point = this.#points[index];
		if (!point) {
			throw usageFailure(this.#points.length === 0 ? 'there is nothing to go back to' : `it has stopped ${this.#points.length} times only`);
		}
		if (index < this.#gone) throw usageFailure(`the states of the last ${kept} stops are kept`);
		const saved = await point.saving.catch((cause: unknown) => {
			throw usageFailure(`the machine could not be saved there: ${(cause as Error).message}`, { cause });
		});
		const forgotten = this.#points.splice(index + 1);
		this.#base = saved.ramFile;
		for (const { saving } of forgotten) await this.#discard(saving);
		return saved;
	}

	/** Removes the states; the disk layers may be in use, and the memory that the machine goes on from. */
	async clear(): Promise<void> {
		this.#gone = 0;
		for (const { saving } of this.#points.splice(0)) await this.#discard(saving);
	}

	async #save(live: LiveMachine, stop: DebugStop): Promise<SavePoint> {
		const began = performance.now();
		const { layers } = live;
		const overlay = await this.newLayer(live.diskMiB);
		const files = stateFilesIn(this.#directory, this.#files);
		await freezeLayer(live, overlay, this.#options.signal);
		const saved = await live.machine.save(files, this.#options).catch(async (error: unknown) => {
			// What there is of it would take the room that the guests need.
			await Promise.all(Object.values(files).map((file) => rm(file, { force: true })));
			throw error;
		});
		const bytes = await Promise.all(Object.values(files).map(diskUsage));
		this.cost = { ms: Math.round(performance.now() - began), bytes: bytes.reduce((sum, some) => sum + some) };
		for (; this.#gone < this.#points.length - kept; this.#gone++) {
			const old = this.#points[this.#gone];
			if (old) await this.#discard(old.saving);
		}
		return { stop, ...saved, layers };
	}

	/** Removes a state. Its memory is kept where it is a checkpoint's, or where the machine goes on from it. */
	async #discard(saving: Promise<SavePoint>): Promise<void> {
		const point = await saving.catch(() => undefined);
		if (!point) return;
		const { stateFile, pagesFile, ramFile } = point;
		const own = path.dirname(ramFile) === this.#directory && ramFile !== this.#base ? [ramFile] : [];
		await Promise.all([stateFile, ...(pagesFile === undefined ? own : [pagesFile])].map((file) => rm(file, { force: true })));
	}
}
