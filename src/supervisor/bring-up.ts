/** Nodes of a lab brought up side by side. */
import os from 'node:os';
import { Turns } from '../base/turns.js';
import { bootOrder, neededBy } from '../lab/boot-order.js';
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
	{ emit, ...context }: Omit<NodeContext, 'gate' | 'boots' | 'onStart' | 'neededAreUp' | 'onReady'>,
	{ onStart, onUp, onBroken }: BringUpHooks,
): Promise<PromiseSettledResult<NodeOutcome>[]> {
	const gate = new Gate(nodes.length);
	const boots = new Turns(os.availableParallelism());
	const { connections } = context.lab.lab;
	const up = new Map(nodes.map(({ name }) => [name, new Gate(1)]));
	const live = async (node: RunningNode): Promise<NodeOutcome> => {
		// Those that are not brought up now are there already.
		const needed = neededBy(node.name, nodes, connections).flatMap(({ name }) => up.get(name)?.opened ?? []);
		const own = {
			...{ ...context, emit: node.observing(emit), gate, boots, onStart: (arrived: Arrived) => onStart(node, arrived) },
			...{ neededAreUp: Promise.all(needed), onReady: () => up.get(node.name)?.come() },
		};
		try {
			const outcome = await bringUpNode(node.supervised, own);
			node.settle(outcome.startup);
			onUp?.(node.name);
			return outcome;
		} catch (error) {
			gate.come();
			up.get(node.name)?.come();
			onBroken?.(error);
			throw error;
		}
	};
	// Boots take their turns in the order in which they are begun.
	const lives = new Map(bootOrder(nodes, connections).map((node) => [node, live(node)]));
	return Promise.allSettled(nodes.flatMap((node) => lives.get(node) ?? []));
}
