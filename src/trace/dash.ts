/** Reads dash's trace: the commands, and the status of each before the next. It has neither lines nor processes. */
import type { ScriptPlaces } from '../shell/command-places.js';
import type { Culprit } from './culprit.js';
import { DashPlaces } from './dash-places.js';
import { findTraps } from './dash-traps.js';
import type { Followed, ScriptEnd } from './follow.js';
import { changesTrace } from './output.js';
import type { Ran } from './shell-process.js';
import type { TraceRecord } from './stream.js';

/** Follows the records of dash, whose commands are found in the script by their words. */
export function followDash(records: readonly TraceRecord[], script: ScriptPlaces, { exitCode }: ScriptEnd): Followed {
	const places = new DashPlaces(script.places);
	const traps = findTraps(records, script, places, exitCode);
	const end = traps.signal ?? traps.exit ?? records.length;
	const commands = records.map((record, index): Ran => {
		const isTrap = index >= end;
		const found = places.only(record.command);
		const place = isTrap && found?.ofFunction === undefined ? undefined : found;
		return {
			record,
			place,
			line: place?.line,
			isTrap,
			isOwn: true,
			depth: 0,
			endedAt: undefined,
			status: undefined,
			outer: [],
			cause: undefined,
			within: undefined,
			isRefused: false,
			group: [],
		};
	});
	for (const [index, ran] of commands.entries()) {
		const next = commands[index + 1];
		if (isReported(ran, next, script)) ran.status = next ? next.record.status : exitCode;
	}
	const last = commands.findLast(({ isTrap }) => !isTrap);
	const interruption = records[end];
	// A trap that was entered without a failure is what failed itself.
	const isTrapToBlame = interruption?.status === 0 && traps.signal === undefined;
	const blamed = isTrapToBlame ? commands.at(-1) : last;
	const isKnown = blamed !== undefined && traps.exit !== undefined && !changesTrace(blamed.record.command);
	const isFailed = blamed?.status !== 0 || exitCode === undefined || traps.signal !== undefined;
	const culprit = isKnown && isFailed ? culpritAt(blamed, commands) : undefined;
	return { commands, last, culprit, unfinished: last ? [last] : [], isUnrecorded: false, interruption };
}

/** A pipeline has the status of its last element, which may record its command before the others do. */
function culpritAt(last: Ran, commands: readonly Ran[]): Culprit {
	const { pipeline, forks } = last.place ?? {};
	if (!pipeline || pipeline.index === pipeline.count - 1) return { ran: last };
	const among = commands.slice(-furthestRace).filter(({ place }) => place?.pipeline?.id === pipeline.id);
	const element = among.findLast(({ place }) => place?.pipeline?.index === pipeline.count - 1);
	return element ? { ran: element } : { among, text: forks?.findLast(({ id }) => id === pipeline.id)?.text ?? '' };
}

/** So many records before the last an element of the same pipeline may have recorded its command. */
const furthestRace = 64;

/** Whether the next record has the status of a command: not for pipelines and functions, which run others meanwhile. */
function isReported({ place, record }: Ran, next: Ran | undefined, { functions }: ScriptPlaces): boolean {
	const [name = ''] = record.command.split(' ');
	// The record behind a substitution does not have its status.
	if (changesTrace(record.command) || !place || place.runs !== 'in turn' || place.isSubstituted || place.assigns === 'before') return false;
	if (functions.has(name) || /^(?:eval|\.|command)$/.test(name)) return false;
	const { pipeline } = place;
	if (pipeline && pipeline.index < pipeline.count - 1) return false;
	return pipeline === undefined || next?.place?.pipeline?.id !== pipeline.id;
}
