/** The shell's processes while a trace is followed: which commands are open in each, and how they end. */
import type { CommandPlace, Fork } from '../shell/command-places.js';
import { changesTrace } from './output.js';
import type { TraceRecord } from './stream.js';

/** A command with its end. */
export interface Ran {
	readonly record: TraceRecord;
	readonly place: CommandPlace | undefined;
	/** 1-based line of the script, or of the record's source; undefined where the shell reports none that is right. */
	readonly line: number | undefined;
	readonly isTrap: boolean;
	/** Whether the script itself is its process, and no subshell. */
	readonly isOwn: boolean;
	depth: number;
	/** Milliseconds since the epoch. */
	endedAt: number | undefined;
	status: number | undefined;
	/** The commands that ended with it: the call of the function that it was the last in, and so on outwards. */
	outer: readonly Ran[];
	/** The command that it is run by: the call of its function, or of its file; of another process too. */
	within: Ran | undefined;
	/** The substitution that an assignment took its status from. */
	cause: ShellProcess | undefined;
	/** Bash could not expand it, and so did not trace it: it is inferred from the record that came next. */
	readonly isRefused: boolean;
	/** The other elements of its pipeline. */
	group: readonly Ran[];
}

interface OpenCommand {
	readonly ran: Ran;
	readonly depth: number;
}

/** What is known of a process from its first record, or from the first of what it forked. */
export interface ProcessStart extends Pick<TraceRecord, 'level' | 'depth' | 'pid'> {
	/** What it is forked for; undefined where that does not follow from the script. */
	readonly fork: Fork | undefined;
	readonly isSubstitution: boolean;
	/** How many forks of the script's text are around it, itself included. */
	readonly forks: number;
}

/** A shell process: the script's own, which may be the last to write a record, or one that it forked. */
export class ShellProcess {
	readonly open: OpenCommand[] = [];
	/** Those that it forked since its own last record. */
	children: ShellProcess[] = [];
	/** What it has run, in order. */
	readonly rans: Ran[] = [];
	currentLevel: number;
	/** What is to run when it ends. */
	exitTrap: string | undefined;
	/** With what status the trap of EXIT began to run. */
	trapStatus: number | undefined;
	/** Whether a failure in a pipeline is that of the pipeline. */
	isPipefail = false;
	/** What that was before functions, in each other, that have options of their own: how deep these are. */
	readonly keptOptions: { readonly depth: number; readonly isPipefail: boolean }[] = [];
	/** Exit status, where it is known. */
	status: number | undefined;
	/** The pipeline, or the subshell, that it ended in, if its last command was one. */
	tail: Unit | undefined;

	readonly parent: ShellProcess | undefined;
	/** A process that has not written a record yet has the `pid` 0. */
	start: ProcessStart;
	/** How deep in the whole script that is. */
	readonly startDepth: number;
	/** How many processes are around it. */
	readonly nesting: number;
	/** The command of another process that it is run by. */
	readonly within: Ran | undefined;

	constructor(parent: ShellProcess | undefined, start: ProcessStart) {
		this.parent = parent;
		this.nesting = parent ? parent.nesting + 1 : 0;
		this.start = start;
		this.currentLevel = start.level;
		this.startDepth = start.depth + (parent ? parent.startDepth - parent.start.depth + (start.isSubstitution ? 1 : 0) : 0);
		this.within = parent?.open.findLast(({ depth }) => depth < start.depth + start.level - parent.start.level)?.ran ?? parent?.within;
	}

	/** All is within the trap of EXIT from now on. */
	get isEnding(): boolean {
		return this.trapStatus !== undefined;
	}

	/** When the shell that forked it goes on; see {@link CommandPlace.runs}. */
	get runs(): CommandPlace['runs'] {
		const kind = this.start.fork?.kind;
		return kind === 'background' || kind === 'beside' ? kind : 'in turn';
	}

	/** The last command that is no trap's. */
	get last(): Ran | undefined {
		return this.rans.findLast(({ isTrap }) => !isTrap);
	}

	/** Depth of a record in functions, files, and input within input, from where this process began. */
	depthOf(record: Pick<TraceRecord, 'depth' | 'level'>, level = record.level): number {
		return record.depth + level - this.start.level + (this.isEnding ? 1 : 0);
	}
}

/** Processes that were forked for one thing. */
export interface Unit {
	/** `unknown`: it does not follow from the script's text, as in other files; then these may be several things. */
	readonly kind: 'pipeline' | 'subshell' | 'substitution' | 'unknown';
	readonly id: number | undefined;
	/** How many there are, with those that wrote no record; undefined where that is unknown. */
	readonly count: number | undefined;
	/** The pipeline as it is written in the script; otherwise empty. */
	readonly text: string;
	/** In the order of their first records, which is any. */
	readonly elements: readonly ShellProcess[];
}

/** The last of what was forked; of one that is forked again and again the last time. */
export function lastUnit(processes: readonly ShellProcess[]): Unit | undefined {
	let unit: Unit | undefined;
	for (const process of processes) {
		if (process.runs === 'in turn') unit = unit && isOf(unit, process) ? { ...unit, elements: [...unit.elements, process] } : beginUnit(process);
	}
	return unit?.kind === 'unknown' && unit.elements.length === 1 ? { ...unit, count: 1 } : unit;
}

function beginUnit(process: ShellProcess): Unit {
	const { fork, isSubstitution } = process.start;
	if (isSubstitution) return { kind: 'substitution', id: fork?.id, count: 1, text: '', elements: [process] };
	if (!fork) return { kind: 'unknown', id: undefined, count: undefined, text: '', elements: [process] };
	return { kind: fork.kind === 'pipeline' ? 'pipeline' : 'subshell', id: fork.id, count: fork.count, text: fork.text, elements: [process] };
}

/** Whether a process is one more of what was forked last. */
export function isOf({ kind, id, elements }: Unit, { start }: Pick<ShellProcess, 'start'>): boolean {
	if (kind === 'unknown') return start.fork === undefined && !start.isSubstitution;
	if (kind !== 'pipeline' || start.fork?.id !== id) return false;
	return elements.every((element) => element.start.fork?.index !== start.fork?.index);
}

/** Sets the status of elements from that of their unit: of all where `pipefail` is set and it is 0, else of the last. */
function setStatuses({ elements, count, kind }: Unit, status: number | undefined, isPipefail: boolean): void {
	for (const element of elements) {
		const isLast = count === 1 || (kind === 'pipeline' && element.start.fork?.index === (count ?? 0) - 1);
		if (isLast || (isPipefail && status === 0)) element.status ??= status;
	}
}

/** Whether a command has no status of its own. Nor does the shell report the status of a command that ended the trace. */
export const isHeader = ({ record, place }: Pick<Ran, 'record' | 'place'>): boolean =>
	/^(?:for|case|select) /.test(record.command) || place?.assigns === 'before' || changesTrace(record.command);

/** How many substitutions an array is made of: bash traces that as it is written, before they run. */
export const substitutionsOf = (ran: Ran | undefined): number =>
	ran !== undefined && /^\w+\+?=\(/.test(ran.record.command) ? (ran.record.command.match(/\$\((?![(<])|`[^`]*`/g)?.length ?? 0) : 0;

/** Ends a command, unless it has ended. */
export function endCommand(ran: Ran, at: number | undefined, status: number | undefined): void {
	ran.endedAt ??= at;
	if (!isHeader(ran)) ran.status ??= status;
}

/** Gives a process the options back that it had before functions which are deeper. */
export function restoreOptions(process: ShellProcess, depth: number): void {
	for (let kept = process.keptOptions.at(-1); kept && kept.depth > depth; kept = process.keptOptions.at(-1)) {
		process.isPipefail = kept.isPipefail;
		process.keptOptions.pop();
	}
}

/** Ends every open command of a process that is as deep or deeper. */
export function close(process: ShellProcess, depth: number, at: number | undefined, status: number | undefined): void {
	// What a process ended in, it ended in with the options of the function.
	if (depth !== -Infinity) restoreOptions(process, depth);
	const ended: Ran[] = [];
	for (let top = process.open.at(-1); top && top.depth >= depth; top = process.open.at(-1)) {
		process.open.pop();
		ended.push(top.ran);
	}
	for (const [index, ran] of ended.entries()) {
		endCommand(ran, at, ran.isTrap && depth === -Infinity ? undefined : status);
		ran.outer = ended.slice(index + 1);
	}
	// A trap has ended the command that these failed with.
	const { last } = process;
	if (status && last?.status === status && process.rans.at(-1)?.isTrap && !ended.includes(last)) last.outer = [...last.outer, ...ended.filter(({ isTrap }) => !isTrap)];
}

/** Ends a process, and what it forked since its last command: where that was a pipeline, the status is the pipeline's. */
export function closeAll(process: ShellProcess, at: number | undefined, status: number | undefined): void {
	process.status ??= status;
	const { children, isPipefail } = process;
	process.children = [];
	const tail = lastUnit(children);
	// A trap that it ended in has a status of its own.
	const { last } = process;
	const [substitution] = tail?.kind === 'substitution' && !process.isEnding && substitutionsOf(last) > 0 ? tail.elements : [];
	if (last && substitution) {
		last.cause = substitution;
		substitution.status ??= process.status;
	}
	if (tail && tail.kind !== 'substitution' && !process.isEnding) {
		process.tail = tail;
		if (status !== undefined) setStatuses(tail, tail.count === 1 || !isPipefail || status === 0 ? status : undefined, isPipefail);
	}
	for (const child of children) closeAll(child, at, child.status);
	joinGroup(tail);
	// The status of a loop is not that of what it asked last.
	if (process.open.at(-1)?.ran.place?.isLoopTest) {
		const test = process.open.pop();
		if (test) test.ran.endedAt ??= at;
	}
	close(process, -Infinity, at, status);
}

/** Notes of each element of a pipeline what the others are. */
function joinGroup(unit: Unit | undefined): void {
	const group = unit?.elements.flatMap(({ last }) => last ?? []) ?? [];
	if (group.length > 1) for (const ran of group) ran.group = group;
}

/**
 * Ends what a process forked since its last record. `record` is the next one of the process, or of a process that it
 * forked later, and has the statuses. Returns the substitution that set $? there.
 */
export function settle(process: ShellProcess, record: TraceRecord, place: CommandPlace | undefined): ShellProcess | undefined {
	const { at, status, pipe } = record;
	const children = process.children;
	process.children = [];
	const inTurn = children.filter(({ runs }) => runs === 'in turn');
	const final = lastUnit(inTurn);
	const substitution = final?.kind === 'substitution' ? final.elements[0] : undefined;
	// A loop over nothing, and a choice of nothing, have a status of their own, and record nothing.
	const isKnown = status !== 0 || substitution?.start.fork?.isOfHeader !== true || /^(?:for|select) /.test(record.command);
	if (substitution && isKnown) substitution.status ??= status;
	const array = process.open.at(-1)?.ran;
	if (array && substitutionsOf(array) > 0) array.cause = substitution ?? array.cause;
	const unit = substitution ? lastUnit(inTurn.filter(({ start }) => !start.isSubstitution)) : final;
	// The last element of a pipeline may be the process itself (lastpipe), which is still in it.
	const isOver = unit !== undefined && place?.forks.some(({ id }) => id === unit.id) !== true;
	if (isOver) setPipeStatuses(unit, pipe);
	for (const child of children) if (child.runs !== 'background') closeAll(child, at, child.status);
	joinGroup(unit);
	return substitution;
}

/** Sets the status of each element from PIPESTATUS. In another file the order of the forks tells the elements apart. */
function setPipeStatuses({ elements, count, kind }: Unit, pipe: readonly number[]): void {
	if (kind === 'unknown' ? elements.length !== pipe.length : count !== pipe.length) return;
	const inOrder = kind === 'unknown' ? elements.toSorted((a, b) => a.start.pid - b.start.pid) : elements;
	for (const [index, element] of inOrder.entries()) {
		element.status ??= pipe[kind === 'pipeline' ? (element.start.fork?.index ?? index) : index];
	}
}

/** PIPESTATUS is of the last command, where $? may be of an `if` or a `!` around it; a substitution sets only $?. */
export const ownStatus = ({ status, pipe }: Pick<TraceRecord, 'status' | 'pipe'>, isBehindSubstitution: boolean): number =>
	pipe.length === 1 && !isBehindSubstitution ? (pipe[0] ?? status) : status;

/** Whether a process was forked by a trap for EXIT. */
export function isWithinTrap({ parent }: ShellProcess): boolean {
	let around = parent;
	while (around && !around.isEnding) around = around.parent;
	return around !== undefined;
}

/** What has not ended of a process and of what it waits for. */
export const unfinishedIn = ({ open, children }: ShellProcess): Ran[] => [
	...open.map(({ ran }) => ran).filter(({ isTrap }) => !isTrap),
	...children.filter(({ runs }) => runs === 'in turn').flatMap(openIn),
];

const openIn = (process: ShellProcess): Ran[] => [...process.open.map(({ ran }) => ran), ...process.children.flatMap(openIn)];
