/** Where in its script a command of dash's trace is, which names no lines and quotes nothing. */
import type { CommandPlace, ScriptPlaces } from '../shell/command-places.js';

/** How well a command fits a place, judged by its words that are the same in every run; -1 if it cannot be there. */
export function fitOf(place: CommandPlace, command: string): number {
	const reported = command.split(/\s+/);
	const [name] = place.words;
	if (place.assigns) return name === /^\w+=/.exec(command)?.[0] ? 0 : -1;
	if (place.words.join(' ') === command) return Infinity;
	if (name === undefined || name !== reported[0]) return -1;
	// Words that contradict what was run are no match.
	if (place.words.some((word) => word !== undefined && !/\s/.test(word) && !reported.includes(word))) return -1;
	return place.words.filter((word) => word !== undefined).length;
}

/** The one place that a command can be at. */
export function onlyPlace({ places }: ScriptPlaces, command: string): CommandPlace | undefined {
	const fits = places.map((place) => fitOf(place, command));
	const best = Math.max(...fits);
	const found = best === -1 ? [] : places.filter((_place, index) => fits[index] === best);
	return found.length === 1 ? found[0] : undefined;
}
