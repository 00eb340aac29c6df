/**
 * Finds out from the records of a trace how each command ended. A record has the status of what its process, or the
 * one that forked it, ran before; so a command ends where the next record of its process at its depth, or the first
 * one of a process forked behind it, begins.
 */
import type { CommandPlace, ScriptPlaces } from '../shell/command-places.js';
import { placesOf } from '../shell/places-of.js';
import { culpritOf, isWithoutFailure, runningOf, type Culprit } from './culprit.js';
import { isOfExitTrap, noteTrap, writtenExitTrap } from './exit-trap.js';
import { Forks, outermostOf } from './forks.js';
import { close, closeAll, endCommand, isWithinTrap, ownStatus, settle, substitutionsOf, unfinishedIn, type Ran, type ShellProcess } from './shell-process.js';
import { failedOpenBeside, refusalIn, sourcesOf } from './interpreter-messages.js';
import { changesTrace } from './output.js';
import { noteOptions } from './pipefail.js';
import type { TraceEnd, TraceRecord } from './stream.js';
import { isSameCommand } from './unrecorded.js';

/** How the script itself ended. */
export interface ScriptEnd {
	/** Milliseconds since the epoch by the guest's clock, where it is known. */
	readonly at: number | undefined;
	/** Absent when it was killed. */
	readonly exitCode: number | undefined;
	/** What bash recorded of it. */
	readonly reported: TraceEnd | undefined;
	/** The shell is to have this option, which makes a failure in a pipeline that of the pipeline. */
	readonly isPipefail: boolean;
	/** The first records are not there. */
	readonly isCut: boolean;
}

/** The outcome of every command. */
export interface Followed {
	readonly commands: readonly Ran[];
	/** The last command of the script's own process that is no trap's. */
	readonly last: Ran | undefined;
	/** What the script failed with, if it failed, as far as that is known. */
	readonly culprit: Culprit | undefined;
	/** The script ended in a command that was not traced. */
	readonly isUnrecorded: boolean;
	/** What the script was at when its own trap began, which ran to the end. */
	readonly interruption: TraceRecord | undefined;
	/** All that had not ended before the script did. */
	readonly unfinished: readonly Ran[];
}

/** Follows the records of bash. */
export function followRecords(records: readonly TraceRecord[], script: ScriptPlaces, end: ScriptEnd): Followed {
	const follower = new Follower(script, records, end);
	for (const record of records) follower.take(record);
	return { commands: follower.commands, ...follower.finish(end) };
}

/** The script was interrupted by a trap. */
interface Interruption {
	readonly record: TraceRecord;
	readonly isExit: boolean;
}

/** A command that bash could not expand. */
interface Refused {
	readonly file: string | undefined;
	readonly line: number;
	readonly text: string;
}

/** Behind these the script does not go on at the next command. */
const jumps = /^(?:exit|return|break|continue|exec|eval|\.|source)(?: |$)/;

/** So many records further on an element of the same pipeline may record its first command. */
const furthestRace = 64;

class Follower {
	readonly commands: Ran[] = [];
	readonly #script: ScriptPlaces;
	#firsts: ReadonlyMap<number, CommandPlace> | undefined;
	readonly #forks: Forks;
	readonly #root: ShellProcess;
	#interruption: Interruption | undefined;
	/** Whether it was killed: then the trap for EXIT finds no status of what ran. */
	readonly #isKilled: boolean;
	/** What ran when the trap for EXIT began, where it was killed. */
	#cutOff: readonly Ran[] = [];
	readonly #records: readonly TraceRecord[];
	/** How often each place was found to be a command's: of two that fit, the other is next. */
	readonly #found = new Map<CommandPlace, number>();

	constructor(script: ScriptPlaces, records: readonly TraceRecord[], end: ScriptEnd) {
		this.#script = script;
		this.#records = records;
		this.#isKilled = end.exitCode === undefined;
		this.#forks = new Forks(end.reported?.parent ?? (end.isCut ? outermostOf(records) : records[0]?.parent) ?? 0);
		this.#root = this.#forks.root;
		this.#root.isPipefail = end.isPipefail;
		if (end.isCut && !end.reported) this.#root.exitTrap = writtenExitTrap(script);
	}

	take(record: TraceRecord): void {
		const place = record.source === '' ? this.#findPlace(record) : undefined;
		const known = this.#forks.find(record);
		const process = known ?? this.#forks.fork(record, place, (ancestor) => this.#isForkedBy(ancestor, record, place));
		const isFirst = process.rans.length === 0 && process.children.length === 0;
		const ran = isFirst && known === undefined ? this.#begin(process, record, place) : this.#goOn(process, record, place);
		this.commands.push(ran);
		process.rans.push(ran);
		noteTrap(process, record.command);
		noteOptions(process, record);
	}

	/** A process that was forked outside of a trap ends it; or it is the first that the trap for EXIT runs. */
	#isForkedBy(ancestor: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): void {
		if (!ancestor.isEnding && isOfExitTrap(ancestor, record, place)) this.#enterTrap(ancestor, record);
		const { level } = record;
		if (ancestor === this.#root && this.#interruption && !this.#root.isEnding && level < this.#interruption.record.level) this.#interruption = undefined;
	}

	/** A trap for EXIT begins with what it forks. */
	#enterTrap(process: ShellProcess, record: TraceRecord): void {
		const top = process.open.at(-1)?.ran;
		const isCutOff = this.#cutsOff(process, record);
		process.trapStatus = record.status;
		process.tail = this.#forks.tailOf(process);
		if (process === this.#root) this.#interruption ??= { record, isExit: true };
		const cause = settle(process, record, undefined);
		if (top && !isCutOff) endCommand(top, record.at, statusAtEnd(record, cause !== undefined, top));
	}

	#findPlace(record: TraceRecord): CommandPlace | undefined {
		const { line, command } = record;
		const found = placesOf(this.#script, line, command);
		const timesFound = (place: CommandPlace): number => this.#found.get(place) ?? 0;
		const inTurn = found.toSorted((a, b) => timesFound(a) - timesFound(b));
		const place = inTurn.length > 1 ? inTurn[this.#forkedBefore(record) % inTurn.length] : inTurn[0];
		if (place) this.#found.set(place, timesFound(place) + 1);
		return place;
	}

	/**
	 * How many processes that were forked before this one record the same command after it: elements of a pipeline are
	 * forked in their order and write their records in any.
	 */
	#forkedBefore({ pid, parent, line, source, command }: TraceRecord): number {
		if (pid === parent) return 0;
		const next = this.commands.length + 1;
		return this.#records.slice(next, next + furthestRace).filter(
			(later) => later.pid !== later.parent && later.pid < pid && later.parent === parent && later.line === line && later.source === source && later.command === command,
		).length;
	}

	/** One more command of a process that has recorded one before. */
	#goOn(process: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): Ran {
		const isRoot = process === this.#root;
		const isExitTrap = !process.isEnding && isOfExitTrap(process, record, place);
		if (isExitTrap) process.trapStatus = record.status;
		const depth = process.depthOf(record);
		const top = process.open.at(-1);
		const around = process.open.findLast((open) => open.depth < depth);
		const isInput = around !== undefined && readsInput.test(around.ran.record.command);
		const isFirstOfTrap = top?.ran.isTrap !== true && (isExitTrap || (record.level > process.currentLevel && !isInput));
		// A trap of ERR may run again for the function that the command was the last of: no deeper then, but read as before.
		const isInTrap = top !== undefined && top.ran.isTrap && (depth >= top.depth || record.level >= top.ran.record.level);
		const isTrap = process.isEnding || isFirstOfTrap || isInTrap;
		if (isFirstOfTrap) process.tail = this.#forks.tailOf(process);
		const isCutOff = isExitTrap && this.#cutsOff(process, record);
		if (isRoot) this.#interruption = isTrap ? (this.#interruption ?? { record, isExit: isExitTrap }) : undefined;
		const refused = isTrap || top === undefined || depth > top.depth ? undefined : this.#refused(top.ran, record, depth === top.depth);
		const cause = settle(process, record, place);
		// A trap interrupts: the command before it has ended, those around it have not.
		const status = ownStatus(record, cause !== undefined);
		if (refused && top) this.#addRefused(process, top, refused, { ...record, status });
		if (isFirstOfTrap && top && !isCutOff) endCommand(top.ran, record.at, statusAtEnd(record, cause !== undefined, top.ran));
		close(process, depth, record.at, top && this.#isBeforeOther(top.ran) ? undefined : status);
		// Bash counts the lines of what `eval` reads as if they followed it.
		const line = isInput && record.source === around.ran.record.source ? around.ran.line : lineOf(record, place, isTrap);
		const within = process.open.at(-1)?.ran ?? process.within;
		const own = { line, isTrap, isOwn: isRoot, within };
		const ran = begin(record, place, { ...own, depth: process.startDepth + depth - process.depthOf(process.start) });
		ran.cause = /^\w+(?:\[[^\]]*\])?\+?=/.test(record.command) && place?.assigns !== 'before' && !(top && substitutionsOf(top.ran) > 0) ? cause : undefined;
		process.open.push({ ran, depth });
		process.currentLevel = record.level;
		if (!isTrap) process.tail = undefined;
		return ran;
	}

	/** Where the script was killed, its trap for EXIT ends what runs in its own process, and in turn, without a status: whether it does. */
	#cutsOff(process: ShellProcess, { at }: TraceRecord): boolean {
		if (process !== this.#root || !this.#isKilled || this.#interruption) return false;
		this.#cutOff = unfinishedIn(this.#root);
		for (const ran of this.#cutOff) ran.endedAt ??= at;
		this.#root.children = [];
		return true;
	}

	/** Whether a status is that of a subshell behind the last command, which could not be redirected. */
	#isBeforeOther(last: Ran): boolean {
		return this.commands.at(-1) === last && failedOpenBeside(last, last.record.output, () => sourcesOf(this.commands)) !== undefined;
	}

	/** The first command that begins on a line. */
	#firstAt(line: number): CommandPlace | undefined {
		this.#firsts ??= new Map(this.#script.places.toReversed().map((place) => [place.line, place]));
		return this.#firsts.get(line);
	}

	/** What bash did not evaluate between two commands, by its own message or by the script's text. */
	#refused(top: Ran, { line: next, source, level, status }: TraceRecord, isBeside: boolean): Refused | undefined {
		if (status === 0) return undefined;
		const { place, line, record: before } = top;
		const named = refusalIn(this.commands.at(-1)?.record.output ?? '', () => sourcesOf(this.commands));
		if (named && (named.file !== undefined || named.line !== line)) {
			const text = named.file === undefined ? this.#firstAt(named.line)?.text : undefined;
			return { ...named, text: text ?? `line ${named.line}` };
		}
		const { follower } = place ?? {};
		const isPlain = isBeside && source === '' && before.source === '' && level === 1 && before.level === 1 && before.depth === 0;
		if (!follower || !isPlain || jumps.test(before.command)) return undefined;
		const since = this.commands.slice(this.commands.lastIndexOf(top));
		if (since.some(({ record }) => changesTrace(record.command))) return undefined;
		const [first, last] = follower.reported;
		return next > last ? { file: undefined, line: first, text: follower.text } : undefined;
	}

	/** Adds a command that bash refused to evaluate: the status in the record is the refused command's. */
	#addRefused(process: ShellProcess, top: ShellProcess['open'][number], { file = '', line, text }: Refused, record: TraceRecord): void {
		process.open.splice(process.open.indexOf(top), 1);
		top.ran.endedAt ??= record.at;
		const reported: TraceRecord = { ...record, command: text, line, source: file, output: '' };
		const ran = begin(reported, undefined, { line, isTrap: false, isOwn: top.ran.isOwn, depth: top.ran.depth, within: top.ran.within, isRefused: true });
		endCommand(ran, record.at, record.status);
		this.commands.push(ran);
	}

	#begin(process: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): Ran {
		const isTrap = isWithinTrap(process) && place === undefined;
		const own = { line: lineOf(record, place, isTrap), isTrap, isOwn: false, within: process.within };
		const ran = begin(record, place, { ...own, depth: process.startDepth });
		process.open.push({ ran, depth: process.depthOf(record) });
		return ran;
	}

	/** Ends what is open: the script's status is that of the innermost command that it ended in. */
	finish({ at, exitCode, reported }: ScriptEnd): Omit<Followed, 'commands'> {
		const root = this.#root;
		const interruption = this.#interruption;
		const unfinished = this.#cutOff.length > 0 ? this.#cutOff : unfinishedIn(root);
		const tail = interruption ? root.tail : this.#forks.tailOf(root);
		const isUnrecorded = reported !== undefined && !interruption && !tail && !isSameCommand(reported.command, root.last, this.#script);
		if (reported && !interruption) {
			const cause = settle(root, reported, undefined);
			if (isUnrecorded) root.open.pop();
			close(root, -Infinity, at, statusAtEnd(reported, cause !== undefined, root.last));
		} else if (!interruption) closeAll(root, at, exitCode);
		root.tail = tail;
		root.status = interruption?.record.status ?? reported?.status ?? exitCode;
		const { last } = root;
		// A trap that was entered without a failure is what failed itself.
		const isTrapToBlame = interruption?.isExit === true && interruption.record.status === 0 && !this.#isKilled;
		const inTrap = isTrapToBlame ? [root.rans.at(-1), this.commands.findLast(({ isTrap }) => isTrap)].find((ran) => ran?.isTrap) : undefined;
		// Whoever was interrupted by a signal has not failed: it is where the script was.
		const interrupted = interruption && !tail && last && !isWithoutFailure(last) ? { ran: last } : undefined;
		const culprit = culpritOf(root);
		const isCutOff = this.#isKilled && interruption?.isExit !== false;
		const found = inTrap ? { ran: inTrap } : ((isCutOff ? runningOf(culprit, unfinished) : culprit) ?? interrupted);
		close(root, -Infinity, at, interruption ? undefined : exitCode);
		return { last, culprit: isUnrecorded ? undefined : found, unfinished, isUnrecorded, interruption: interruption?.record };
	}
}

/** Commands that make the shell read other input. */
const readsInput = /^(?:eval|source|\.|builtin|command) /;

type Started = Pick<Ran, 'line' | 'isTrap' | 'isOwn' | 'depth' | 'within'> & Partial<Pick<Ran, 'isRefused'>>;

const begin = (record: TraceRecord, place: CommandPlace | undefined, rest: Started): Ran => ({
	record,
	place,
	isRefused: false,
	...rest,
	endedAt: undefined,
	status: undefined,
	outer: [],
	cause: undefined,
	group: [],
});

/** Where a command begins: of one of several lines the shell records any. In traps it records none. */
const lineOf = ({ line, source }: TraceRecord, place: CommandPlace | undefined, isTrap: boolean): number | undefined =>
	place?.line ?? (isTrap && source === '' ? undefined : line);

/** An exit leaves PIPESTATUS as it was, as `[[` may; what the script failed with is in $?. */
const statusAtEnd = (record: TraceRecord, isBehindSubstitution: boolean, last: Ran | undefined): number =>
	record.status !== 0 ? record.status : ownStatus(record, isBehindSubstitution || /^exit(?: |$)/.test(last?.record.command ?? ''));
