/** Where in its script a command of dash's trace is, which names no lines and quotes nothing. */
import type { CommandPlace } from '../shell/command-places.js';

/** Places that a command fits equally well: `place` is undefined where there are more than one. */
interface Fitting {
	readonly place: CommandPlace | undefined;
	/** By the words that are the same in every run; Infinity where all are. */
	readonly fit: number;
}

/** Places whose words that a command must have are the same. */
interface Alike extends Fitting {
	readonly needed: readonly string[];
}

/** Places with the same first word. */
interface Named {
	/** By all of the words. */
	readonly whole: ReadonlyMap<string, Fitting>;
	/** By the rarest of the words that they need. */
	readonly byWord: ReadonlyMap<string, readonly Alike[]>;
	readonly withoutNeeds: Alike | undefined;
}

/** Places by what commands there begin with, so that each command is compared with few of them. */
export class DashPlaces {
	readonly #named = new Map<string, CommandPlace[]>();
	readonly #assigned = new Map<string, Fitting>();
	readonly #indices = new Map<string, Named>();
	readonly #found = new Map<string, Fitting | undefined>();

	constructor(places: readonly CommandPlace[]) {
		for (const place of places) {
			const [name = ''] = place.words;
			if (place.assigns) {
				this.#assigned.set(name, better(this.#assigned.get(name), { place, fit: 0 }));
				continue;
			}
			const [first = ''] = name.split(/\s/, 1);
			const others = this.#named.get(first);
			if (others) others.push(place);
			else this.#named.set(first, [place]);
		}
	}

	/** Whether a command can be at one of the places. */
	fits(command: string): boolean {
		return this.#find(command) !== undefined;
	}

	/** The one place that a command can be at. */
	only(command: string): CommandPlace | undefined {
		return this.#find(command)?.place;
	}

	#find(command: string): Fitting | undefined {
		if (this.#found.has(command)) return this.#found.get(command);
		const found = this.#look(command);
		this.#found.set(command, found);
		return found;
	}

	#look(command: string): Fitting | undefined {
		const reported = new Set(command.split(/\s+/));
		const [first = ''] = reported;
		const named = this.#indexOf(first);
		const whole = named?.whole.get(command);
		if (whole) return whole;
		let best = this.#assigned.get(/^\w+=/.exec(command)?.[0] ?? '');
		if (named?.withoutNeeds) best = better(best, named.withoutNeeds);
		for (const word of reported) {
			for (const alike of named?.byWord.get(word) ?? []) if (alike.needed.every((each) => reported.has(each))) best = better(best, alike);
		}
		return best;
	}

	#indexOf(name: string): Named | undefined {
		const places = this.#named.get(name);
		if (!places) return undefined;
		const known = this.#indices.get(name) ?? indexOf(name, places);
		this.#indices.set(name, known);
		return known;
	}
}

function better(one: Fitting | undefined, other: Fitting): Fitting {
	if (!one || other.fit > one.fit) return other;
	return other.fit === one.fit ? { place: undefined, fit: one.fit } : one;
}

/** A command has all words of its place that are the same in every run; those with spaces in them cannot be told. */
const neededAt = ({ words }: CommandPlace): string[] => [...new Set(words.slice(1).filter((word) => word !== undefined && !/\s/.test(word)))] as string[];

function indexOf(name: string, places: readonly CommandPlace[]): Named {
	const whole = new Map<string, Fitting>();
	const alike = new Map<string, Alike>();
	const counts = new Map<string, number>();
	for (const place of places) {
		const text = place.words.join(' ');
		whole.set(text, better(whole.get(text), { place, fit: Infinity }));
		if (place.words[0] !== name) continue;
		const needed = neededAt(place);
		const key = needed.toSorted().map((word) => `${word} `).join('');
		const known = alike.get(key);
		if (!known) for (const word of needed) counts.set(word, (counts.get(word) ?? 0) + 1);
		alike.set(key, { needed, ...better(known, { place, fit: place.words.filter((word) => word !== undefined).length }) });
	}
	const countOf = (word: string): number => counts.get(word) ?? 0;
	const byWord = new Map<string, Alike[]>();
	for (const each of alike.values()) {
		const [first] = each.needed;
		if (first === undefined) continue;
		const rarest = each.needed.reduce((rare, word) => (countOf(word) < countOf(rare) ? word : rare), first);
		const others = byWord.get(rarest);
		if (others) others.push(each);
		else byWord.set(rarest, [each]);
	}
	return { whole, byWord, withoutNeeds: alike.get('') };
}
