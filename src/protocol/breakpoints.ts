/** Where a script can be stopped. Pure. */
import { findCommandPlaces, type ScriptPlaces } from '../shell/command-places.js';
import { placesOf } from '../shell/places-of.js';
import type { DebugStop } from '../machine/debugging/messages.js';

/** The places of the commands of a script; none where it cannot be parsed. */
export function readPlaces(text: string): ScriptPlaces {
	try {
		return findCommandPlaces(text);
	} catch {
		return { places: [], functions: new Set(), aliases: new Map() };
	}
}

/**
 * Whether a script has stopped within a pipeline whose first elements run already. bash reports each element before it
 * starts it. None of them can be undone alone, so the debugger does not stop there.
 */
export function isWithinPipeline(script: ScriptPlaces, { source, line, command }: DebugStop): boolean {
	if (source !== '') return false;
	const places = placesOf(script, line, command);
	return places.length > 0 && places.every(({ pipeline }) => pipeline !== undefined && pipeline.index > 0);
}

/** The lines, from 1, on which a command of the script's own shell begins, in ascending order. */
export function stopLines(text: string): readonly number[] {
	const places = readPlaces(text).places.filter(({ isSubstituted, pipeline }) => !isSubstituted && (pipeline?.index ?? 0) === 0);
	return [...new Set(places.map(({ line }) => line))].toSorted((one, other) => one - other);
}

/** Whether a script runs under a bash that can be stepped. `cloud-init/guest/run-script` decides the same. */
export function canBeStepped(text: string): boolean {
	const [, first = ''] = /^#![ \t]*(.*)/.exec(text) ?? [];
	const words = first.trim().split(/\s+/);
	const [program = ''] = words;
	const named = program.endsWith('/env') ? words.slice(1).find((word) => !word.startsWith('-')) : program;
	if (first !== '' && named?.replace(/.*\//, '') !== 'bash') return false;
	return !/(?: --posix| -[a-z]*o posix| -[a-z]*[ip][a-z]*)(?: |$)/.test(words.join(' '));
}
