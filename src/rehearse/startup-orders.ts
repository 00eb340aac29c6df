/** Orders and paces in which the startups of a lab's nodes may begin. Pure: a seed gives the same ones again. */
import type { OrderOutcome } from '../lab/events.js';

/** Between two startups nothing at all, or up to as long as a startup takes. */
export type StartupOrder = OrderOutcome['order'];

/** How often one startup begins together with the one before it: one time in four. */
const togetherShare = 0.25;

/**
 * `count` orders of the nodes, with the milliseconds after which each begins. No order of nodes comes again before all
 * have been.
 * @param longestMs the longest pause between two of them
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

/** More than anybody asks for is as good as infinity. */
const factorial = (count: number): number => (count <= 1 ? 1 : Math.min(1e9, count * factorial(count - 1)));

/** Fisher and Yates. */
function shuffled(names: readonly string[], random: () => number): string[] {
	const list = [...names];
	for (let last = list.length - 1; last > 0; last -= 1) {
		const other = Math.floor(random() * (last + 1));
		[list[last], list[other]] = [list[other] ?? '', list[last] ?? ''];
	}
	return list;
}

/** Numbers from 0 to 1, by the generator mulberry32: small, and good enough to shuffle. */
function randomNumbers(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
