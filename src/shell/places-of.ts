/** Where a command that was run is in its script. */
import type { CommandPlace, ScriptPlaces } from './command-places.js';

/** Words that the shell traces as they are written. */
const unquoted = /^[\w./:@%+,-]+$/;

/**
 * The places of a command that was run, from its line and its words as the shell traced them: more than one where they
 * fit equally well, none where the script has no such command there.
 */
export function placesOf({ places, aliases }: ScriptPlaces, line: number, command: string): readonly CommandPlace[] {
	const reported = command.split(/\s+/).map((word) => word.replace(/^'(.*)'$/, '$1'));
	const assigned = /^\w+(?:\[[^\]]*\])?\+?=/.exec(command)?.[0];
	let best: CommandPlace[] = [];
	let bestScore = 0;
	for (const place of places) {
		if (line < place.reported[0] || line > place.reported[1]) continue;
		const [name] = place.words;
		if (place.assigns ? name !== assigned : name !== undefined && name !== reported[0] && aliases.get(name) !== reported[0]) continue;
		const score = likeness(place, reported) + (place.line === line ? 0.5 : 0);
		if (best.length === 0 || score > bestScore) [best, bestScore] = [[place], score];
		else if (score === bestScore) best.push(place);
	}
	return best;
}

/** How many words a command has in common with a place, less those of the place that it lacks. */
function likeness({ words }: CommandPlace, reported: readonly string[]): number {
	const others = [...reported];
	let found = 0;
	for (const [index, word] of words.entries()) {
		const at = word === undefined ? -1 : others.indexOf(word);
		if (at !== -1) {
			others.splice(at, 1);
			found++;
		} else if (index > 0 && word !== undefined && unquoted.test(word)) found--;
	}
	return found;
}
