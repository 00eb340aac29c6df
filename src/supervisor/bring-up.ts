/** Nodes of a lab brought up side by side. */
import os from 'node:os';
import { Turns } from '../base/turns.js';
import type { Arrived } from './arrival.js';
import { bringUpNode, Gate, type NodeContext, type NodeOutcome } from './node-run.js';
import type { RunningNode } from './running-node.js';

/** Who is told of what becomes of a node meanwhile. */
export interface BringUpHooks {
	/** It has a machine, long before that has arrived. */
	readonly onStart: (node: RunningNode, arrived: Arrived) => void;
	readonly onUp?: (node: string) => void;
	readonly onBroken?: (error: unknown) => void;
}

/**
 * Restores or boots nodes and runs their startup scripts. All are waited for, so that nothing is still being started when
 * a clean-up begins.
 */
export function bringUpNodes(
	nodes: readonly RunningNode[],
	{ emit, ...context }: Omit<NodeContext, 'gate' | 'boots' | 'onStart'>,
	{ onStart, onUp, onBroken }: BringUpHooks,
): Promise<PromiseSettledResult<NodeOutcome>[]> {
	const gate = new Gate(nodes.map(({ name }) => name));
	const boots = new Turns(os.availableParallelism());
	const lives = nodes.map(async (node) => {
		const own = { ...context, emit: node.observing(emit), gate, boots, onStart: (arrived: Arrived) => onStart(node, arrived) };
		try {
			const outcome = await bringUpNode(node.supervised, own);
			node.settle(outcome.startup);
			onUp?.(node.name);
			return outcome;
		} catch (error) {
			gate.come(node.name);
			onBroken?.(error);
			throw error;
		}
	});
	return Promise.allSettled(lives);
}
