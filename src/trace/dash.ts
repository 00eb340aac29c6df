/** Reads dash's trace: the commands, and the status of each before the next. It has neither lines nor processes. */
import type { CommandPlace, ScriptPlaces } from '../shell/command-places.js';
import type { Followed, ScriptEnd } from './follow.js';
import type { Ran } from './shell-process.js';
import type { TraceRecord } from './stream.js';

/** Follows the records of dash, whose commands are found in the script by their words. */
export function followDash(records: readonly TraceRecord[], script: ScriptPlaces, { exitCode }: ScriptEnd): Followed {
	const places = records.map(({ command }) => onlyPlace(script, command));
	const commands = records.map((record, index): Ran => ({
		record,
		place: places[index],
		line: places[index]?.line,
		isTrap: false,
		isOwn: true,
		depth: 0,
		endedAt: undefined,
		status: undefined,
		outer: [],
		cause: undefined,
		within: undefined,
		isRefused: false,
		group: [],
	}));
	for (const [index, ran] of commands.entries()) {
		const next = commands[index + 1];
		if (isReported(ran, next, script)) ran.status = next ? next.record.status : exitCode;
	}
	const last = commands.at(-1);
	const culprit = last && (last.status !== 0 || exitCode === undefined) ? { ran: last } : undefined;
	return { commands, last, culprit, unfinished: last ? [last] : [], isUnrecorded: false, interruption: undefined };
}

/** Whether the next record has the status of a command: not for pipelines and functions, which run others meanwhile. */
function isReported({ place, record }: Ran, next: Ran | undefined, { functions }: ScriptPlaces): boolean {
	const [name = ''] = record.command.split(' ');
	// The record behind a substitution does not have its status.
	if (!place || place.runs !== 'in turn' || place.isSubstituted || place.assigns === 'before') return false;
	if (functions.has(name) || /^(?:eval|\.|command)$/.test(name)) return false;
	const { pipeline } = place;
	if (pipeline && pipeline.index < pipeline.count - 1) return false;
	return pipeline === undefined || next?.place?.pipeline?.id !== pipeline.id;
}

/** The one place that a command can be at, judged by its words that are the same in every run. */
function onlyPlace({ places }: ScriptPlaces, command: string): CommandPlace | undefined {
	const reported = command.split(/\s+/);
	const assigned = /^\w+=/.exec(command)?.[0];
	const scores = places.map((place) => {
		const [name] = place.words;
		if (place.assigns) return name === assigned ? 0 : -1;
		if (place.words.join(' ') === command) return Infinity;
		if (name === undefined || name !== reported[0]) return -1;
		// Words that contradict what was run are no match.
		if (place.words.some((word) => word !== undefined && !/\s/.test(word) && !reported.includes(word))) return -1;
		return place.words.filter((word) => word !== undefined).length;
	});
	const best = Math.max(...scores);
	const found = best === -1 ? [] : places.filter((_place, index) => scores[index] === best);
	return found.length === 1 ? found[0] : undefined;
}
