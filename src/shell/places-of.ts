/** Where a command that was run is in its script. */
import type { CommandPlace, ScriptPlaces } from './command-places.js';

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
		const common = place.words.filter((word) => word !== undefined && reported.includes(word)).length;
		const score = common + (place.line === line ? 0.5 : 0);
		if (best.length === 0 || score > bestScore) [best, bestScore] = [[place], score];
		else if (score === bestScore) best.push(place);
	}
	return best;
}
