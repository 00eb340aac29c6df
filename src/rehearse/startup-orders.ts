/** Orders in which the startups of a lab's nodes begin, with pauses between them. Pure: the same seed gives the same orders. */
import type { OrderOutcome } from '../lab/events.js';

/** The nodes in order, each with its delay. Between two startups there is no pause, or one up to the length of a startup. */
export type StartupOrder = OrderOutcome['order'];

/** The share of startups that begin together with the one before: one in four. */
const togetherShare = 0.25;

/**
 * Makes `count` orders of the nodes, with the milliseconds after which each node begins. An order only comes again after
 * all others have come.
 * @param longestMs the longest pause between two startups, in milliseconds
 */
export function startupOrders(nodes: readonly string[], count: number, seed: number, longestMs: number): StartupOrder[] {
	const random = randomNumbers(seed);
	const permutations = factorial(nodes.length);
	const seen = new Set<string>();
	return Array.from({ length: count }, () => {
		if (seen.size >= permutations) seen.clear();
		let names = shuffled(nodes, random);
		while (seen.has(names.join(' '))) names = shuffled(nodes, random);
		seen.add(names.join(' '));
		let delayMs = 0;
		return names.map((node, index) => {
			if (index > 0 && random() >= togetherShare) delayMs += Math.round(random() * longestMs);
			return { node, delayMs };
		});
	});
}

/** Bounded: nobody asks for more orders. */
const factorial = (count: number): number => (count <= 1 ? 1 : Math.min(1e9, count * factorial(count - 1)));

/** The shuffle of Fisher and Yates. */
function shuffled(names: readonly string[], random: () => number): string[] {
	const list = [...names];
	for (let last = list.length - 1; last > 0; last -= 1) {
		const other = Math.floor(random() * (last + 1));
		[list[last], list[other]] = [list[other] ?? '', list[last] ?? ''];
	}
	return list;
}

/** Random numbers from 0 to 1, by the generator mulberry32, which is small and good enough for a shuffle. */
function randomNumbers(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
