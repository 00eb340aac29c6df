/** Where in its script a command is that was run. */
import type { CommandPlace, ScriptPlaces } from './command-places.js';

/** Words that the shell traces as they are written. */
const unquoted = /^[\w./:@%+,-]+$/;

/** Of places with the same name that shells report the same lines of, so many are looked at. */
const mostPlaces = 32;

/** So many words of each command are compared. */
const mostWords = 100;

/** So many aliases of the same command are looked at. */
const mostAliases = 20;

/** The commands of a script by the lines that shells report of them, and by their names. */
class LinePlaces {
	/** A tree: each of its nodes has half of the lines of the one above, those of the last row have one each. */
	readonly #nodes = new Map<string, Numbered[]>();
	/** How many lines the first of them has. */
	readonly #size: number;
	readonly #aliases = new Map<string, string[]>();

	constructor({ places, aliases }: ScriptPlaces) {
		const lines = places.reduce((most, { reported: [, last] }) => Math.max(most, last), 0);
		this.#size = 2 ** Math.ceil(Math.log2(lines + 1));
		for (const [order, place] of places.entries()) this.#add({ order, place });
		for (const [alias, name] of aliases) this.#aliases.set(name, [...(this.#aliases.get(name) ?? []).slice(0, mostAliases - 1), alias]);
	}

	/** Adds a place to the fewest nodes that together have its lines. */
	#add(numbered: Numbered): void {
		const { reported: [first, last], words: [name] } = numbered.place;
		let [low, high] = [first + this.#size, last + this.#size + 1];
		for (; low < high; low >>= 1, high >>= 1) {
			if (low % 2 === 1) this.#addTo(keyOf(low++, name), numbered);
			if (high % 2 === 1) this.#addTo(keyOf(--high, name), numbered);
		}
	}

	#addTo(key: string, numbered: Numbered): void {
		const others = this.#nodes.get(key);
		if (!others) this.#nodes.set(key, [numbered]);
		else if (others.length < mostPlaces) others.push(numbered);
	}

	/** Those with one of these names, in the order of the script. */
	#at(line: number, names: readonly (string | undefined)[]): CommandPlace[] {
		const found: Numbered[] = [];
		if (line >= this.#size) return [];
		for (let node = line + this.#size; node >= 1; node >>= 1) for (const name of names) found.push(...(this.#nodes.get(keyOf(node, name)) ?? []));
		return found.toSorted((a, b) => a.order - b.order).map(({ place }) => place);
	}

	of(line: number, command: string): readonly CommandPlace[] {
		const [name = '', ...others] = command.split(/\s+/, mostWords).map((word) => word.replace(/^'(.*)'$/, '$1'));
		const assigned = /^\w+(?:\[[^\]]*\])?\+?=/.exec(command)?.[0];
		const counts = new Map<string, number>();
		for (const word of [name, ...others]) counts.set(word, (counts.get(word) ?? 0) + 1);
		let best: CommandPlace[] = [];
		let bestScore = 0;
		const names = new Set([undefined, assigned, name, ...(this.#aliases.get(name) ?? [])]);
		for (const place of this.#at(line, [...names])) {
			const [own] = place.words;
			if (place.assigns ? own !== assigned : own !== undefined && own === assigned && own !== name) continue;
			const score = likeness(place, counts) + (place.line === line ? 0.5 : 0);
			if (best.length === 0 || score > bestScore) [best, bestScore] = [[place], score];
			else if (score === bestScore) best.push(place);
		}
		return best;
	}
}

const indices = new WeakMap<ScriptPlaces, LinePlaces>();

/**
 * The places of a command that was run, from its line and its words as the shell traced them: more than one where they
 * fit equally well, none where the script has no such command there.
 */
export function placesOf(script: ScriptPlaces, line: number, command: string): readonly CommandPlace[] {
	const index = indices.get(script) ?? new LinePlaces(script);
	indices.set(script, index);
	return index.of(line, command);
}

/** A place with its number in the script. */
interface Numbered {
	readonly order: number;
	readonly place: CommandPlace;
}

const keyOf = (node: number, name: string | undefined): string => (name === undefined ? `${node}` : `${node} ${name}`);

/** How many words a command has in common with a place, less those of the place that it lacks. */
function likeness({ words }: CommandPlace, counts: ReadonlyMap<string, number>): number {
	const used = new Map<string, number>();
	let found = 0;
	for (const [index, word] of words.slice(0, mostWords).entries()) {
		if (word === undefined) continue;
		const times = used.get(word) ?? 0;
		if (times < (counts.get(word) ?? 0)) {
			used.set(word, times + 1);
			found++;
		} else if (index > 0 && unquoted.test(word)) found--;
	}
	return found;
}
