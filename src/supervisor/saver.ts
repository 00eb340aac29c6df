import { rm } from 'node:fs/promises';
import { toFailure } from '../base/errors.js';
import type { Emit } from '../lab/events.js';
import { saveMachines, type LiveMachine, type SavingContext } from './saving.js';
import { stage } from '../lab/stage.js';
import type { SaveRequest } from '../protocol/run-spec.js';

/** Makes the checkpoints of a run. One that cannot be made costs the next run its time, and is reported; it fails nothing. */
export class Saver {
	readonly #context: SavingContext;
	readonly #emit: Emit;
	readonly #rest: Promise<void>[] = [];

	constructor(context: SavingContext, emit: Emit) {
		this.#context = context;
		this.#emit = emit;
	}

	/** Saves a node that is provisioned. */
	saveNode(live: LiveMachine, request: SaveRequest | undefined): Promise<void> {
		return this.#save([live], request, live.machine.name);
	}

	/** Saves all machines at one moment. */
	saveLab(machines: readonly LiveMachine[], request: SaveRequest | undefined): Promise<void> {
		return this.#save(machines, request);
	}

	/** Resolves when nothing is being written any more. */
	async finish(): Promise<void> {
		await Promise.all(this.#rest);
	}

	async #save(machines: readonly LiveMachine[], request: SaveRequest | undefined, node?: string): Promise<void> {
		if (!request) return;
		const { signal } = this.#context;
		try {
			const save = () => saveMachines(machines, request, this.#context);
			const publish = await stage(this.#emit, 'save', save, undefined, node);
			this.#rest.push(publish().catch((error: unknown) => this.#giveUp(request, error, node)));
		} catch (error) {
			signal.throwIfAborted();
			await this.#giveUp(request, error, node);
		}
	}

	/** What was written is removed at once: it may be what fills the disk, which the machines need too. */
	async #giveUp({ staging }: SaveRequest, error: unknown, node: string | undefined): Promise<void> {
		await rm(staging, { recursive: true, force: true }).catch(() => undefined);
		this.#send(error, node);
	}

	#send(error: unknown, node: string | undefined): void {
		if (this.#context.signal.aborted) return;
		const { message, detail } = toFailure(error);
		const why = detail === undefined ? message : `${message}: ${detail.split('\n')[0] ?? ''}`;
		this.#emit({ type: 'notice', ...(node === undefined ? {} : { node }), message: `no checkpoint was made: ${why}` });
	}
}
