/**
 * Finds out from the records of a trace how each command ended. A record tells the status of what its process, or the
 * one that forked it, ran before; so a command ends where the next record of its process at its depth, or the first
 * one of a process forked behind it, begins.
 */
import { placesOf, type CommandPlace, type ScriptPlaces } from '../../shell/command-places.js';
import { close, closeAll, endCommand, isSamePipeline, joinGroup, lastOf, settle, ShellProcess, type Ran } from './shell-process.js';
import type { TraceRecord } from './stream.js';

/** How the script itself ended. */
export interface ScriptEnd {
	/** Milliseconds since the epoch by the guest's clock, where it is known. */
	readonly at: number | undefined;
	/** Absent when it was killed. */
	readonly exitCode: number | undefined;
}

/** What became of every command. */
export interface Followed {
	readonly commands: readonly Ran[];
	/** The innermost command that the script ended in, where it told. */
	readonly last: Ran | undefined;
	/** All that had not ended before the script did. */
	readonly unfinished: readonly Ran[];
}

/** Follows the records of bash. */
export function followRecords(records: readonly TraceRecord[], script: ScriptPlaces, end: ScriptEnd): Followed {
	const follower = new Follower(script);
	for (const record of records) follower.take(record);
	return { commands: follower.commands, ...follower.finish(end) };
}

class Follower {
	readonly commands: Ran[] = [];
	readonly #script: ScriptPlaces;
	readonly #root = new ShellProcess(undefined, { level: 1, subshell: 0, depth: 0, pid: 0 });
	readonly #processes = new Map<number, ShellProcess>();
	#latest = this.#root;
	#isRootKnown = false;
	/** What is to run when the script ends. */
	#exitTrap: string | undefined;
	/** When each place was last found to be a command's: of two that fit, the other is next. */
	readonly #found = new Map<CommandPlace, number>();

	constructor(script: ScriptPlaces) {
		this.#script = script;
	}

	take(record: TraceRecord): void {
		const place = record.source === '' ? this.#findPlace(record) : undefined;
		if (!this.#isRootKnown && record.level === 1 && record.subshell === 0 && !place?.pipeline) {
			this.#isRootKnown = true;
			this.#processes.set(record.pid, this.#root);
		}
		const known = this.#processes.get(record.pid);
		this.#latest = known ?? this.#fork(record, place);
		this.commands.push(known ? this.#goOn(known, record, place) : this.#begin(this.#latest, record, place));
		const trap = /^trap (?:-- )?(.+) (?:EXIT|0)$/s.exec(record.command);
		if (trap) this.#exitTrap = trap[1];
	}

	#findPlace({ line, command }: TraceRecord): CommandPlace | undefined {
		const found = placesOf(this.#script, line, command);
		const [place] = found.toSorted((a, b) => (this.#found.get(a) ?? -1) - (this.#found.get(b) ?? -1));
		if (place) this.#found.set(place, this.commands.length);
		return place;
	}

	/** A trap of EXIT counts its lines from 1 and is no deeper than the script, where no such command stands. */
	#isExitTrap({ source, command }: TraceRecord, place: CommandPlace | undefined): boolean {
		const [name = ''] = command.split(/[\s=]/);
		return source === '' && place === undefined && (this.#exitTrap?.includes(name) ?? false);
	}

	/** One more command of a process that has told of one. */
	#goOn(process: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): Ran {
		const isExitTrap = process === this.#root && record.level === process.start.level && this.#isExitTrap(record, place);
		process.isEnding ||= isExitTrap;
		const depth = process.depthOf(record);
		const top = process.open.at(-1);
		const around = process.open.findLast((open) => open.depth < depth);
		const isInput = around !== undefined && readsInput.test(around.ran.record.command);
		const isFirstOfTrap = top !== undefined && !top.ran.isTrap && (isExitTrap || (record.level > process.currentLevel && !isInput));
		const isTrap = process.isEnding || isFirstOfTrap || (top !== undefined && top.ran.isTrap && depth >= top.depth);
		const substitution = lastOf(process.children.filter((child) => child.isSubstitution && child.runs === 'in turn'));
		const cause = substitution?.last;
		settle(process, record);
		// A trap interrupts: the command before it has ended, those around it have not.
		const status = ownStatus(record, substitution !== undefined);
		if (isFirstOfTrap) endCommand(top.ran, record.at, status);
		close(process, depth, record.at, status);
		// Lines of what `eval` reads are told as if they followed it.
		const line = isInput && record.source === around.ran.record.source ? around.ran.line : lineOf(record, place, isTrap);
		const ran = begin(record, place, { line, isTrap, isOwn: process === this.#root, depth: process.startDepth + depth - process.depthOf(process.start) });
		ran.cause = /^\w+\+?=/.test(record.command) && place?.assigns !== 'before' ? cause : undefined;
		process.open.push({ ran, depth });
		process.currentLevel = record.level;
		process.pipeline ??= place?.pipeline;
		process.last = ran;
		return ran;
	}

	/** A process that tells for the first time: it inherited what it tells of the command before. */
	#fork(record: TraceRecord, place: CommandPlace | undefined): ShellProcess {
		const parent = findParent(this.#latest, record, place);
		const process = new ShellProcess(parent, { ...record, ...(place && { runs: place.runs, pipeline: place.pipeline }) });
		// One in the background tells of the moment it was forked, whenever that was.
		if (process.runs === 'in turn') {
			const before = parent.children.findLast(({ runs }) => runs === 'in turn');
			const isBeside = before !== undefined && isSamePipeline(before.pipeline, place);
			if (before && !isBeside) settle(parent, record);
			const level = process.isSubstitution ? record.level - 1 : record.level;
			if (!before) close(parent, parent.depthOf(record, level), record.at, ownStatus(record, false));
		}
		parent.children.push(process);
		this.#processes.set(record.pid, process);
		return process;
	}

	#begin(process: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): Ran {
		const ran = begin(record, place, { line: lineOf(record, place, false), isTrap: false, isOwn: false, depth: process.startDepth });
		process.open.push({ ran, depth: process.depthOf(record) });
		process.last = ran;
		return ran;
	}

	/** Ends what is open: the script's status is that of the innermost command that it ended in. */
	finish({ at, exitCode }: ScriptEnd): Pick<Followed, 'last' | 'unfinished'> {
		const root = this.#root;
		const children = root.children.filter(({ runs }) => runs === 'in turn');
		const own = root.open.map(({ ran }) => ran).filter(({ isTrap }) => !isTrap);
		const unfinished = [...own, ...children.flatMap(({ open }) => open.map(({ ran }) => ran))];
		for (const child of children) {
			// Which element of a pipeline failed is known from no later record; where all is well, the last one worked.
			const isKnown = exitCode === 0 ? child === lastOf(children) : children.length === 1;
			closeAll(child, at, isKnown ? exitCode : undefined);
		}
		joinGroup(children);
		if (exitCode !== undefined) close(root, -Infinity, at, exitCode);
		return { last: lastOf(children)?.last ?? own.at(-1), unfinished };
	}
}

/** Commands that make the shell read other input. */
const readsInput = /^(?:eval|source|\.|builtin|command) /;

const begin = (record: TraceRecord, place: CommandPlace | undefined, rest: Pick<Ran, 'line' | 'isTrap' | 'isOwn' | 'depth'>): Ran => ({
	record,
	place,
	...rest,
	endedAt: undefined,
	status: undefined,
	outer: [],
	cause: undefined,
	group: [],
});

/** Where a command begins: of one of several lines the shell tells any. In traps it tells none. */
const lineOf = ({ line }: TraceRecord, place: CommandPlace | undefined, isTrap: boolean): number | undefined =>
	place?.line ?? (isTrap ? undefined : line);

/** PIPESTATUS is of the last command, where $? may be of an `if` or a `!` around it; a substitution sets only $?. */
const ownStatus = ({ status, pipe }: TraceRecord, isBehindSubstitution: boolean): number =>
	pipe.length === 1 && !isBehindSubstitution ? (pipe[0] ?? status) : status;

/** Whether what a process runs, a pipeline's element for one, has the place of a command in it. */
function isWithin({ pipeline, start }: ShellProcess, { depth }: TraceRecord, place: CommandPlace | undefined): boolean {
	if (pipeline === undefined || place === undefined || depth > start.depth) return true;
	return place.pipelines.includes(pipeline.id) && place.pipeline !== pipeline;
}

/** The process that most likely forked the one of a record: from the last that told, outwards. */
function findParent(latest: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): ShellProcess {
	let process = latest;
	for (; process.parent; process = process.parent) {
		if (record.level < process.currentLevel || record.subshell <= process.start.subshell) continue;
		if (process.runs !== 'background' && isWithin(process, record, place)) return process;
	}
	return process;
}
