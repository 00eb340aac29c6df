import type { RunningNode } from '../running-node.js';

/**
 * Pauses and resumes all machines of a lab together, so that none waits in vain for one that somebody thinks
 * about. What was paused before is left paused; a machine that is gone is passed over.
 */
export class Pauser {
	readonly #nodes: readonly RunningNode[];
	readonly #debugged: RunningNode;
	readonly #signal: AbortSignal;

	/** @param debugged the one whose agent waits for its scripts; messages to them have the time in them */
	constructor(nodes: readonly RunningNode[], debugged: RunningNode, signal: AbortSignal) {
		this.#nodes = nodes;
		this.#debugged = debugged;
		this.#signal = signal;
	}

	async pause(): Promise<void> {
		await this.#each(async (node) => {
			await node.machine.halt(this.#signal);
			node.isHalted = true;
		});
	}

	/** @param only the one whose machine goes on; all of them where there is none */
	async resume(only?: RunningNode): Promise<void> {
		await this.#each(async (node) => {
			if (only && node !== only) return;
			node.isHalted = false;
			await node.machine.proceed(this.#signal);
			// Its clock was stopped too.
			if (node !== this.#debugged) node.machine.guest.setClock();
		});
	}

	async #each(body: (node: RunningNode) => Promise<unknown>): Promise<void> {
		const running = this.#nodes.filter(({ started, paused }) => started !== undefined && !paused);
		await Promise.allSettled(running.map(body));
		this.#signal.throwIfAborted();
	}
}
