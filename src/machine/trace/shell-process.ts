/** The shell's processes while a trace is followed: which commands are open in each, and how they end. */
import type { CommandPlace } from '../../shell/command-places.js';
import type { TraceRecord } from './stream.js';

/** A command with its end. */
export interface Ran {
	readonly record: TraceRecord;
	readonly place: CommandPlace | undefined;
	/** 1-based line of the script, or of the record's source; undefined where the shell tells none that is right. */
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
	/** The last command of the substitution that an assignment took its status from. */
	cause: Ran | undefined;
	/** The other elements of its pipeline. */
	group: readonly Ran[];
}

interface OpenCommand {
	readonly ran: Ran;
	readonly depth: number;
}

/** What is known of a process from its first record. */
type ProcessStart = Pick<TraceRecord, 'level' | 'subshell' | 'depth' | 'pid'> & Partial<Pick<CommandPlace, 'runs' | 'pipeline'>>;

/** A shell process: the script's own, which may be the last to tell of itself, or one that it forked. */
export class ShellProcess {
	readonly open: OpenCommand[] = [];
	/** Those that it forked since its own last record. */
	children: ShellProcess[] = [];
	last: Ran | undefined;
	currentLevel: number;
	pipeline: CommandPlace['pipeline'];

	readonly parent: ShellProcess | undefined;
	readonly start: ProcessStart;
	/** How deep in the whole script that is. */
	readonly startDepth: number;
	readonly isSubstitution: boolean;

	constructor(parent: ShellProcess | undefined, start: ProcessStart) {
		this.parent = parent;
		this.start = start;
		this.currentLevel = start.level;
		this.pipeline = start.pipeline;
		this.isSubstitution = parent !== undefined && start.level > parent.currentLevel;
		this.startDepth = start.depth + (parent ? parent.startDepth - parent.start.depth + (this.isSubstitution ? 1 : 0) : 0);
	}

	get runs(): CommandPlace['runs'] {
		return this.start.runs ?? 'in turn';
	}

	/** Set once the trap of EXIT runs: all from then on is within it. */
	isEnding = false;

	/** Depth of a record in functions, files, and input within input, from where this process began. */
	depthOf(record: Pick<TraceRecord, 'depth' | 'level'>, level = record.level): number {
		return record.depth + level - this.start.level + (this.isEnding ? 1 : 0);
	}
}

/** These have no status of their own. */
const isHeader = ({ record, place }: Ran): boolean => /^(?:for|case|select) /.test(record.command) || place?.assigns === 'before';

/** Ends a command, unless it has ended. */
export function endCommand(ran: Ran, at: number | undefined, status: number | undefined): void {
	ran.endedAt ??= at;
	if (!isHeader(ran)) ran.status ??= status;
}

/** Ends every open command of a process that is as deep or deeper. */
export function close(process: ShellProcess, depth: number, at: number | undefined, status: number | undefined): void {
	const ended: Ran[] = [];
	for (let top = process.open.at(-1); top && top.depth >= depth; top = process.open.at(-1)) {
		process.open.pop();
		ended.push(top.ran);
	}
	for (const [index, ran] of ended.entries()) {
		endCommand(ran, at, ran.isTrap && depth === -Infinity ? undefined : status);
		ran.outer = ended.slice(index + 1);
	}
}

/** Ends a process, and what it forked. */
export function closeAll(process: ShellProcess, at: number | undefined, status: number | undefined): void {
	for (const child of process.children) closeAll(child, at, undefined);
	process.children = [];
	close(process, -Infinity, at, status);
}

/** Ends what a process forked since its last record, with what the next record of it or of a later child tells. */
export function settle(process: ShellProcess, { at, status, pipe, level, pid }: TraceRecord): void {
	const ended = process.children.filter(({ runs }) => runs === 'in turn');
	const last = ended.at(-1);
	for (const child of process.children) if (child.runs === 'beside') closeAll(child, at, undefined);
	process.children = [];
	if (!last) return;
	const beside = ended.filter((child) => child === last || isSamePipeline(child.pipeline, last));
	const final = lastOf(ended);
	// A process that told nothing until now, and is older than what seemed to be its siblings, forked them.
	const isForked = level > process.currentLevel && pid < last.start.pid;
	const statusOf = (child: ShellProcess): number | undefined => {
		// A substitution sets $? and leaves PIPESTATUS.
		if (last.isSubstitution && !isForked) return child === final ? status : undefined;
		const place = beside.includes(child) ? child.pipeline : undefined;
		if (place && place.count === pipe.length) return pipe[place.index];
		return child === final ? (pipe.at(-1) ?? status) : undefined;
	};
	for (const child of ended) closeAll(child, at, statusOf(child));
	joinGroup(beside);
}

/** Notes of each element of a pipeline what the others are. */
export const joinGroup = (processes: readonly ShellProcess[]): void => {
	const group = processes.flatMap(({ last }) => last ?? []);
	if (group.length > 1) for (const ran of group) ran.group = group;
};

/** The last process, and if that is a pipeline's element the last of them: they tell of themselves in any order. */
export function lastOf(processes: readonly ShellProcess[]): ShellProcess | undefined {
	const last = processes.at(-1);
	const beside = processes.filter((other) => other === last || isSamePipeline(other.pipeline, last));
	return beside.toSorted((a, b) => (a.pipeline?.index ?? 0) - (b.pipeline?.index ?? 0)).at(-1);
}

/** Whether two processes are different elements of one pipeline. */
export const isSamePipeline = (pipeline: CommandPlace['pipeline'], other: Pick<ShellProcess, 'pipeline'> | undefined): boolean =>
	pipeline !== undefined && pipeline.id === other?.pipeline?.id && pipeline.index !== other.pipeline.index;

