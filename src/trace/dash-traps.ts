/** The traps of a script of sh(1): dash traces what they run as it does any other command. */
import { findCommandPlaces, type CommandPlace, type ScriptPlaces } from '../shell/command-places.js';
import { DashPlaces } from './dash-places.js';
import type { TraceRecord } from './stream.js';

/** Where the traps begin that a script ended in, as indices of its records. */
export interface DashTraps {
	/** The first of what runs at the end; the number of records where nothing does, undefined where that is unknown. */
	readonly exit: number | undefined;
	/** The first of what a signal made it run, and end in. */
	readonly signal: number | undefined;
}

/** So many different traps are looked at, the last that were set. */
const mostTraps = 64;

/** Finds the traps among the last commands of a script that ended with `exitCode`. */
export function findTraps(records: readonly TraceRecord[], script: ScriptPlaces, places: DashPlaces, exitCode: number | undefined): DashTraps {
	const set = trapsSet(records, script);
	if (set.length === 0 || exitCode === undefined) return { exit: records.length, signal: undefined };
	const traps = new Map(set.filter(({ place }) => place.forks.length === 0).map((trap) => [trap.name, trap]));
	const atExit = traps.get('EXIT');
	const isReplaced = /^exec(?: |$)/.test(records.at(-1)?.command ?? '');
	const isSet = atExit !== undefined && !isOff(atExit) && !isReplaced;
	const functions = placesByFunction(script);
	const exit = isSet ? beginningOf(atExit, records, functions, exitCode) : records.length;
	if (exit === undefined) return { exit, signal: undefined };
	const own = records.slice(0, exit);
	const begun = (trap: Trap): number | undefined => (isOff(trap) ? undefined : beginningOf(trap, own, functions, exitCode));
	// A subshell that the script ended in, or something that it forked besides.
	const isOfLast = ({ place }: Trap, at: number): boolean => {
		const id = place.forks.at(-1)?.id;
		return places.only(records[at - 1]?.command ?? '')?.forks.some((fork) => fork.id === id) === true;
	};
	const forked = different(set.filter(({ name, place }) => name === 'EXIT' && place.forks.length > 0));
	const inFork = forked.map((trap) => ({ trap, at: begun(trap) })).findLast(({ trap, at }) => at !== undefined && isOfLast(trap, at))?.at;
	if (inFork !== undefined || !/^exit(?: |$)/.test(own.at(-1)?.command ?? '')) return { exit: inFork ?? exit, signal: undefined };
	// What the script runs itself too is taken for that.
	const isOnlyTrapped = (at: number | undefined): at is number => at !== undefined && !places.fits(records[at]?.command ?? '');
	const signals = different([...traps.values()].filter(({ name }) => name !== 'EXIT')).map(begun);
	return { exit, signal: signals.find(isOnlyTrapped) };
}

/** Of traps with the same action that are set at the same place, the last. */
function different(traps: readonly Trap[]): Trap[] {
	const last = new Map(traps.map((trap) => [`${trap.place.line} ${trap.place.forks.at(-1)?.id} ${trap.action}`, trap]));
	return [...last.values()].slice(-mostTraps);
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

/** More than a shell has. */
const mostSignals = 100;

/** What was to run on each signal, in the order in which it was set. */
function trapsSet(records: readonly TraceRecord[], { places }: ScriptPlaces): readonly Trap[] {
	const traps: Trap[] = [];
	// By the whole text, or by what is around an action that is not known: the first of each.
	const written = new Map<string, { readonly order: number; readonly words: TrapWords }>();
	for (const [order, words] of places.filter(({ words: [name] }) => name === 'trap').map(wordsOfTrap).entries()) {
		const { beginning, action, ending } = words;
		const key = action === undefined ? around(beginning, ending) : beginning + action + ending;
		if (!written.has(key)) written.set(key, { order, words });
	}
	if (written.size === 0) return [];
	for (const [index, { command }] of records.entries()) {
		if (!command.startsWith('trap ')) continue;
		const keys = [command, ...endingsOf(command).flatMap((ending) => ['trap ', 'trap -- '].filter((each) => command.startsWith(each)).map((each) => around(each, ending)))];
		const [found] = keys.flatMap((key) => written.get(key) ?? []).toSorted((a, b) => a.order - b.order);
		if (!found) continue;
		const { words } = found;
		const action = words.action ?? command.slice(words.beginning.length, command.length - words.ending.length);
		for (const signal of words.ending.trim().split(' ').slice(0, mostSignals)) {
			const name = signal.toUpperCase().replace(/^SIG/, '').replace(/^0$/, 'EXIT');
			traps.push({ name, action, place: words.place, index });
		}
	}
	return traps;
}

const around = (beginning: string, ending: string): string => `${beginning}\0${ending}`;

/** What a command may end with, from the last of its words on backwards. */
function endingsOf(command: string): string[] {
	const endings = [''];
	for (let at = command.lastIndexOf(' '); at > 0 && endings.length < mostSignals; at = command.lastIndexOf(' ', at - 1)) endings.push(command.slice(at));
	return endings;
}

interface TrapWords {
	readonly place: CommandPlace;
	readonly beginning: string;
	readonly action: string | undefined;
	readonly ending: string;
}

/** A `trap` as dash traces it: the action is undefined where it is not the same in every run. */
function wordsOfTrap(place: CommandPlace): TrapWords {
	const { words } = place;
	const from = words[1] === '--' ? 2 : 1;
	const signals = words.slice(from + 1).map((word) => word ?? '');
	return { place, beginning: `${words.slice(0, from).join(' ')} `, action: words[from], ending: signals.map((word) => ` ${word}`).join('') };
}

/** Commands that run what is not in the script. */
const runsOther = /^(?:eval|\.)$/;

/** What runs so many commands of the script's may run anything. */
const mostCommands = 10_000;

/** What each function of a script runs, as far as dash traces it. */
function placesByFunction({ places }: ScriptPlaces): ReadonlyMap<string, readonly CommandPlace[]> {
	const functions = new Map<string, CommandPlace[]>();
	for (const place of places) {
		if (place.ofFunction === undefined || !isTraced(place)) continue;
		const others = functions.get(place.ofFunction);
		if (others) others.push(place);
		else functions.set(place.ofFunction, [place]);
	}
	return functions;
}

/** Some commands, and those of all functions that they call; undefined where these are too many. */
function withCalled(own: readonly CommandPlace[], functions: ReadonlyMap<string, readonly CommandPlace[]>): CommandPlace[] | undefined {
	const all = [...own];
	const called = new Set<string>();
	for (const { words: [name] } of all) {
		if (name === undefined || called.has(name)) continue;
		called.add(name);
		const inside = functions.get(name) ?? [];
		if (all.length + inside.length > mostCommands) return undefined;
		all.push(...inside);
	}
	return all;
}

/** The first record of a trap that ran to the end of the records: all from there on is of its action, and what that calls. */
function beginningOf({ action, index }: Trap, records: readonly TraceRecord[], functions: ReadonlyMap<string, readonly CommandPlace[]>, exitCode: number): number | undefined {
	const own = findCommandPlaces(action).places.filter(isTraced);
	const all = withCalled(own, functions);
	// The records of a pipeline are mixed, and some commands may run anything.
	const isAnything = all === undefined || all.some(({ pipeline, runs, words: [name = 'eval'] }) => pipeline !== undefined || runs === 'background' || runsOther.test(name));
	const known = new DashPlaces(isAnything ? [] : all);
	const from = Math.max(index, isAnything ? -1 : records.findLastIndex(({ command }) => !known.fits(command))) + 1;
	// A command, or what is substituted in it.
	const begins = new DashPlaces(own.slice(0, 1 + own.slice(1).findIndex(({ isSubstituted }) => !isSubstituted) || undefined));
	const found = records.slice(from).flatMap(({ command, status }, at) => (begins.fits(command) ? [{ at: from + at, status }] : []));
	const withStatus = found.filter(({ status }) => status === exitCode);
	const [first] = withStatus.length > 0 ? withStatus : found.filter(({ status }) => status !== 0);
	const at = (isAnything ? withStatus.at(-1) : (first ?? found.at(-1)))?.at;
	return at === undefined ? undefined : at - othersBefore(own, records.slice(from, at));
}

/** How many commands at the end of the records are of the pipeline that a trap begins with: its elements come in any order. */
function othersBefore([first, ...others]: readonly CommandPlace[], records: readonly TraceRecord[]): number {
	const pipeline = first?.pipeline;
	if (!pipeline) return 0;
	const beside = new DashPlaces(others.filter((place) => place.pipeline?.id === pipeline.id));
	let count = 0;
	while (count < pipeline.count - 1 && beside.fits(records.at(-1 - count)?.command ?? '')) count++;
	return count;
}

/** dash traces no headers of loops and choices. */
const isTraced = ({ words }: CommandPlace): boolean => !/^(?:for|case)$/.test(words[0] ?? '');
