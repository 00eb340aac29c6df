/** Nodes of a lab brought up side by side. */
import os from 'node:os';
import { Semaphore } from '../base/semaphore.js';
import type { StartedMachine } from './start-machine.js';
import { bringUpNode, Barrier, type NodeContext, type NodeOutcome } from './node-run.js';
import type { RunningNode } from './running-node.js';

/** Who is told of what becomes of a node meanwhile. */
export interface BringUpHooks {
	/** QEMU runs its machine, long before the guest is up. */
	readonly onStart: (node: RunningNode, started: StartedMachine) => void;
	readonly onUp?: (node: string) => void;
	readonly onBroken?: (error: unknown) => void;
}

/**
 * Restores or boots nodes and runs their startup scripts. All are waited for, so that nothing is still being started when
 * a clean-up begins.
 */
export function bringUpNodes(
	nodes: readonly RunningNode[],
	{ emit, ...context }: Omit<NodeContext, 'barrier' | 'boots' | 'onStart'>,
	{ onStart, onUp, onBroken }: BringUpHooks,
): Promise<PromiseSettledResult<NodeOutcome>[]> {
	const barrier = new Barrier(nodes.map(({ name }) => name));
	const boots = new Semaphore(os.availableParallelism());
	const lives = nodes.map(async (node) => {
		const own = { ...context, emit: node.observing(emit), barrier, boots, onStart: (started: StartedMachine) => onStart(node, started) };
		try {
			const outcome = await bringUpNode(node.runSpec, own);
			node.settle(outcome.startup);
			onUp?.(node.name);
			return outcome;
		} catch (error) {
			barrier.come(node.name);
			onBroken?.(error);
			throw error;
		}
	});
	return Promise.allSettled(lives);
}
