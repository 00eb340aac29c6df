/** Nodes of a lab brought up side by side. */
import os from 'node:os';
import { Semaphore } from '../base/semaphore.js';
import { untilAborted } from '../base/waiting.js';
import { bootOrder, neededBy } from '../lab/boot-order.js';
import { wasStarted } from '../lab/events.js';
import type { StartedMachine } from './start-machine.js';
import { bringUpNode, Barrier, Together, type NodeContext } from './node-run.js';
import type { RunningNode } from './running-node.js';
import type { NodeOutcome } from './startup.js';
import { Turns } from './turns.js';

/** Called with what becomes of a node meanwhile. */
export interface BringUpHooks {
	/** QEMU runs its machine, long before the guest is up. */
	readonly onStart: (node: RunningNode, started: StartedMachine) => void;
	/** Its startup scripts have ended. */
	readonly onUp?: (node: string, outcome: NodeOutcome) => void;
	readonly onBroken?: (error: unknown) => void;
}

/**
 * Restores or boots nodes and runs their startup scripts. All are waited for, so that nothing is still being started when
 * a clean-up begins.
 */
export function bringUpNodes(
	nodes: readonly RunningNode[],
	{ emit, ...context }: Omit<NodeContext, 'barrier' | 'boots' | 'turns' | 'together' | 'onStart' | 'neededAreUp' | 'onReady'>,
	{ onStart, onUp, onBroken }: BringUpHooks,
): Promise<PromiseSettledResult<NodeOutcome>[]> {
	// Those whose images are still being built may take minutes; who needs one of them waits for it below.
	const barrier = new Barrier(nodes.filter(({ runSpec }) => !runSpec.isPending).map(({ name }) => name));
	const boots = new Semaphore(os.availableParallelism());
	const turns = new Turns(os.availableParallelism());
	const { connections } = context.lab.lab;
	const together = new Together(nodes.filter(({ runSpec }) => wasStarted(runSpec)).map(({ name }) => name), connections);
	const up = new Map(nodes.map(({ name }) => [name, new Barrier([name])]));
	const live = async (node: RunningNode): Promise<NodeOutcome> => {
		// Those that are not brought up now are there already.
		const needed = neededBy(node.name, nodes, connections).flatMap(({ name }) => up.get(name)?.opened ?? []);
		const own = {
			...{ ...context, emit: node.observing(emit), barrier, boots, turns, together, onStart: (started: StartedMachine) => onStart(node, started) },
			...{ neededAreUp: Promise.all(needed), onReady: () => up.get(node.name)?.come(node.name), wasVisited: () => node.wasVisited },
		};
		try {
			// Before it takes a place among those that boot: others may boot while its image is built.
			await untilAborted(node.described, context.signal);
			const outcome = await bringUpNode(node.runSpec, own);
			node.settle(outcome.startup);
			onUp?.(node.name, outcome);
			return outcome;
		} catch (error) {
			barrier.come(node.name);
			together.lose(node.name);
			up.get(node.name)?.come(node.name);
			onBroken?.(error);
			throw error;
		}
	};
	// Boots take their turns in the order in which they are begun.
	const lives = new Map(bootOrder(nodes, connections).map((node) => [node, live(node)]));
	return Promise.allSettled(nodes.flatMap((node) => lives.get(node) ?? []));
}
