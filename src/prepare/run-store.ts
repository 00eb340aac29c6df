/** The checkpoint store as one run uses it: what it finds there is leased and verified, and what it is to make gets its place. */
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { leaseCheckpoint, removeUnleased, withdrawCheckpoint } from '../checkpoint/lease.js';
import { manifestSchema, type Damaged } from '../checkpoint/manifest.js';
import { beginCheckpoint, findCheckpoint, readCheckpoint, verifyFound, type Checkpoint } from '../checkpoint/store.js';
import type { CheckpointKind, Emit } from '../lab/events.js';
import type { SaveRequest } from '../protocol/run-spec.js';

export interface RunStoreContext {
	/** The checkpoint store. */
	readonly directory: string;
	readonly emit: Emit;
	readonly cleanup: CleanupStack;
	readonly signal: AbortSignal;
	/** The process that leases the checkpoints and writes new ones. */
	readonly pid: number;
}

type Machines = SaveRequest['machines'];

/** The store of a run of one lab. It removes damaged checkpoints, and reports them. */
export class RunStore {
	readonly #lab: string;
	readonly #context: RunStoreContext;

	constructor(lab: string, context: RunStoreContext) {
		this.#lab = lab;
		this.#context = context;
	}

	/** Finds, leases and verifies a checkpoint. */
	async find(key: string, whose: string, nodes?: readonly string[]): Promise<Checkpoint | undefined> {
		const { directory, cleanup, signal, pid } = this.#context;
		const checkpointDirectory = path.join(directory, key);
		const found = await findCheckpoint(directory, key);
		if (!found) return undefined;
		const isLeased = await leaseCheckpoint(checkpointDirectory, pid, cleanup);
		if ('checkpoint' in found && !isLeased) return undefined;
		const verified = await verifyFound(found, { nodes, signal });
		if ('checkpoint' in verified) return verified.checkpoint;
		// Without a lease, another process may have renamed its manifest for a moment: a leased checkpoint is kept then.
		if (isLeased) await withdrawCheckpoint(checkpointDirectory);
		else if (!(await removeUnleased(checkpointDirectory))) return undefined;
		this.#tellRemoved(whose, verified);
		return undefined;
	}

	/**
	 * Begins a checkpoint. Resolves to undefined where the store cannot be written to: the run continues, and the next one
	 * boots again.
	 */
	async request(kind: CheckpointKind, key: string, machines: Machines): Promise<SaveRequest | undefined> {
		return this.#begin(machines, () => this.#stage(kind, key, machines));
	}

	/**
	 * Begins a checkpoint of the started lab. Resolves to undefined where there is one already, and where none can be made.
	 * One whose manifest is damaged makes room: it would be in the way of the new one, and nobody finds it to remove it.
	 */
	async requestStarted(key: string, machines: Machines): Promise<SaveRequest | undefined> {
		const directory = path.join(this.#context.directory, key);
		const found = await readCheckpoint(directory);
		if (!found) return this.request('started', key, machines);
		if ('checkpoint' in found) return undefined;
		return this.#begin(machines, async () => {
			if (!(await removeUnleased(directory))) throw new Error(`a lab runs from the one that is there and damaged: ${found.damaged}`);
			this.#tellRemoved('the started lab', found);
			return this.#stage('started', key, machines);
		});
	}

	/** Tells whoever reads the run. */
	tell(message: string): void {
		this.#context.emit({ type: 'notice', message });
	}

	async #begin(machines: Machines, begin: () => Promise<SaveRequest>): Promise<SaveRequest | undefined> {
		try {
			return await begin();
		} catch (error) {
			this.tell(`no checkpoint of ${machines.map(({ node }) => node).join(', ')} can be made: ${(error as Error).message}`);
			return undefined;
		}
	}

	async #stage(kind: CheckpointKind, key: string, machines: Machines): Promise<SaveRequest> {
		const { directory, cleanup, pid } = this.#context;
		const staging = await beginCheckpoint(directory, key, pid, cleanup);
		return { staging, manifest: { schema: manifestSchema, key, kind, lab: this.#lab }, machines };
	}

	#tellRemoved(whose: string, { damaged }: Damaged): void {
		this.tell(`the checkpoint of ${whose} is damaged and was removed: ${damaged}`);
	}
}
