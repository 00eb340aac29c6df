/** The traps of a script of sh(1): dash traces what they run as it does any other command. */
import { findCommandPlaces, type CommandPlace, type ScriptPlaces } from '../shell/command-places.js';
import { fitOf, onlyPlace } from './dash-places.js';
import type { TraceRecord } from './stream.js';

/** Where the traps begin that a script ended in, as indices of its records. */
export interface DashTraps {
	/** The first of what runs at the end; the number of records where nothing does, undefined where that is unknown. */
	readonly exit: number | undefined;
	/** The first of what a signal made it run, and end in. */
	readonly signal: number | undefined;
}

/** Finds the traps among the last commands of a script that ended with `exitCode`. */
export function findTraps(records: readonly TraceRecord[], script: ScriptPlaces, exitCode: number | undefined): DashTraps {
	const set = trapsSet(records, script);
	if (set.length === 0 || exitCode === undefined) return { exit: records.length, signal: undefined };
	const traps = new Map(set.filter(({ place }) => place.forks.length === 0).map((trap) => [trap.name, trap]));
	const atExit = traps.get('EXIT');
	const isReplaced = /^exec(?: |$)/.test(records.at(-1)?.command ?? '');
	const isSet = atExit !== undefined && !isOff(atExit) && !isReplaced;
	const exit = isSet ? beginningOf(atExit, records, script, exitCode) : records.length;
	if (exit === undefined) return { exit, signal: undefined };
	const own = records.slice(0, exit);
	const begun = (trap: Trap): number | undefined => (isOff(trap) ? undefined : beginningOf(trap, own, script, exitCode));
	// A subshell that the script ended in, or something that it forked besides.
	const isOfLast = ({ place }: Trap, at: number): boolean => {
		const id = place.forks.at(-1)?.id;
		return onlyPlace(script, records[at - 1]?.command ?? '')?.forks.some((fork) => fork.id === id) === true;
	};
	const forked = set.filter(({ name, place }) => name === 'EXIT' && place.forks.length > 0);
	const inFork = forked.map((trap) => ({ trap, at: begun(trap) })).findLast(({ trap, at }) => at !== undefined && isOfLast(trap, at))?.at;
	if (inFork !== undefined || !/^exit(?: |$)/.test(own.at(-1)?.command ?? '')) return { exit: inFork ?? exit, signal: undefined };
	// What the script runs itself too is taken for that.
	const isOnlyTrapped = (at: number | undefined): at is number => at !== undefined && script.places.every((place) => fitOf(place, records[at]?.command ?? '') === -1);
	const signals = [...traps.values()].filter(({ name }) => name !== 'EXIT').map(begun);
	return { exit, signal: signals.find(isOnlyTrapped) };
}

const isOff = ({ action }: Trap): boolean => action === '-' || action === '';

interface Trap {
	/** Of the signal, or EXIT. */
	readonly name: string;
	readonly action: string;
	readonly place: CommandPlace;
	/** Of the record that set it. */
	readonly index: number;
}

/** What was to run on each signal, in the order in which it was set. */
function trapsSet(records: readonly TraceRecord[], { places }: ScriptPlaces): readonly Trap[] {
	const traps: Trap[] = [];
	const written = places.filter(({ words }) => words[0] === 'trap');
	for (const [index, { command }] of records.entries()) {
		if (!command.startsWith('trap ')) continue;
		const [words] = written.map(wordsOfTrap).filter(({ beginning, action, ending }) => (action === undefined ? command.startsWith(beginning) && command.endsWith(ending) : command === beginning + action + ending));
		if (!words) continue;
		const action = words.action ?? command.slice(words.beginning.length, command.length - words.ending.length);
		for (const signal of words.ending.trim().split(' ')) {
			const name = signal.toUpperCase().replace(/^SIG/, '').replace(/^0$/, 'EXIT');
			traps.push({ name, action, place: words.place, index });
		}
	}
	return traps;
}

/** A `trap` as dash traces it: the action is undefined where it is not the same in every run. */
function wordsOfTrap(place: CommandPlace): { readonly place: CommandPlace; readonly beginning: string; readonly action: string | undefined; readonly ending: string } {
	const { words } = place;
	const from = words[1] === '--' ? 2 : 1;
	const signals = words.slice(from + 1).map((word) => word ?? '');
	return { place, beginning: `${words.slice(0, from).join(' ')} `, action: words[from], ending: signals.map((word) => ` ${word}`).join('') };
}

/** Commands that run what is not in the script. */
const runsOther = /^(?:eval|\.)$/;

/** The first record of a trap that ran to the end of the records: all from there on is of its action, and what that calls. */
function beginningOf({ action, index }: Trap, records: readonly TraceRecord[], script: ScriptPlaces, exitCode: number): number | undefined {
	const own = findCommandPlaces(action).places.filter(isTraced);
	const all = [...own];
	for (const called of all) all.push(...script.places.filter((place) => place.ofFunction === called.words[0] && place.ofFunction !== undefined && isTraced(place) && !all.includes(place)));
	// The records of a pipeline are mixed, and some commands may run anything.
	const isAnything = all.some(({ pipeline, runs, words: [name = 'eval'] }) => pipeline !== undefined || runs === 'background' || runsOther.test(name));
	const fits = ({ command }: TraceRecord): boolean => isAnything || all.some((place) => fitOf(place, command) >= 0);
	const from = Math.max(index, records.findLastIndex((record) => !fits(record))) + 1;
	// A command, or what is substituted in it.
	const begins = own.slice(0, 1 + own.slice(1).findIndex(({ isSubstituted }) => !isSubstituted) || undefined);
	const found = records.flatMap(({ command, status }, at) => (at >= from && begins.some((place) => fitOf(place, command) >= 0) ? [{ at, status }] : []));
	const withStatus = found.filter(({ status }) => status === exitCode);
	const [first] = withStatus.length > 0 ? withStatus : found.filter(({ status }) => status !== 0);
	return (isAnything ? withStatus.at(-1) : (first ?? found.at(-1)))?.at;
}

/** dash traces no headers of loops and choices. */
const isTraced = ({ words }: CommandPlace): boolean => !/^(?:for|case)$/.test(words[0] ?? '');
