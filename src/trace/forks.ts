/**
 * The tree of a script's processes: each record names the process that forked its own; the rest is in the script's
 * text.
 */
import type { CommandPlace, Fork } from '../shell/command-places.js';
import { close, isOf, lastUnit, ownStatus, restoreOptions, settle, ShellProcess, substitutionsOf, type Ran, type Unit } from './shell-process.js';
import type { TraceRecord } from './stream.js';

const isInput = ({ kind }: Fork): boolean => kind === 'substitution' || kind === 'beside';

/** Deeper in each other than any script's, processes are taken for those of the script itself. */
const deepest = 300;

/** Finds the process of each record. */
export class Forks {
	readonly root: ShellProcess;
	readonly #byPid = new Map<number, ShellProcess>();
	/** How many of its substitutions each array has begun. */
	readonly #parts = new Map<Ran, number>();

	constructor(pid: number) {
		this.root = new ShellProcess(undefined, { level: 1, depth: 0, pid, fork: undefined, isSubstitution: false, forks: 0 });
		this.#byPid.set(pid, this.root);
	}

	/** The process of a record, if it has written one before; process numbers come again. */
	find({ pid, parent }: TraceRecord): ShellProcess | undefined {
		return pid === parent || pid === this.root.start.pid ? this.#byPid.get(pid) : undefined;
	}

	/** What a process forked in turn since its last record, if that was no substitution. */
	tailOf(process: ShellProcess): Unit | undefined {
		const unit = lastUnit(process.children);
		return unit?.kind === 'substitution' ? undefined : unit;
	}

	/**
	 * The process that wrote its first record. Between it and the one that wrote the record before there may be processes
	 * that have written none, such as a subshell around a pipeline.
	 */
	fork(record: TraceRecord, place: CommandPlace | undefined, before: (ancestor: ShellProcess) => void): ShellProcess {
		const named = this.#byPid.get(record.parent) ?? this.root;
		let parent = named.nesting < deepest ? named : this.root;
		before(parent);
		const around = record.depth === parent.start.depth ? parent.start.forks : 0;
		const known = place?.forks.slice(around) ?? [];
		let level = record.level - known.filter(isInput).length;
		for (const [index, fork] of known.entries()) {
			const forks = around + index + 1;
			const isLast = index === known.length - 1;
			if (isInput(fork)) level += 1;
			const start = { level, depth: record.depth, pid: isLast ? record.pid : 0, fork, isSubstitution: isInput(fork), forks };
			parent = this.#enter(parent, start, record);
		}
		if (known.length === 0) {
			const top = parent.open.at(-1)?.ran.record.command ?? '';
			const isSubstitution = record.level > parent.currentLevel && !/^(?:eval|source|\.) /.test(top);
			const start = { level: record.level, depth: record.depth, pid: record.pid, fork: undefined, isSubstitution, forks: around };
			parent = this.#enter(parent, start, record);
		}
		this.#byPid.set(record.pid, parent);
		return parent;
	}

	/** A process that a known one has forked: one that was only known by what it forked itself, or a new one. */
	#enter(parent: ShellProcess, start: ShellProcess['start'], record: TraceRecord): ShellProcess {
		const { fork } = start;
		const latest = lastUnit(parent.children)?.elements ?? [];
		const isSilent = (child: ShellProcess): boolean =>
			child.start.fork?.id === fork?.id && child.start.fork?.index === fork?.index && (child.runs !== 'in turn' || latest.includes(child));
		const silent = fork && parent.children.findLast(isSilent);
		if (silent && (silent.start.pid === 0 || start.pid === 0)) {
			if (start.pid !== 0) silent.start = { ...silent.start, pid: start.pid };
			return silent;
		}
		const child = new ShellProcess(parent, start);
		// One in the background records the moment it was forked, whenever that was.
		if (child.runs === 'in turn') {
			const depth = parent.depthOf(record, start.level - (start.isSubstitution ? 1 : 0));
			const unit = lastUnit(parent.children);
			const isOfArray = start.isSubstitution && this.#isOfArray(parent.open.at(-1)?.ran, record);
			if (unit && !isOf(unit, child)) settle(parent, record, undefined);
			// Behind a substitution only an array is still open.
			const isNext = !unit || (unit.kind === 'substitution' && substitutionsOf(parent.open.at(-1)?.ran) > 0);
			if (isNext && !isOfArray) close(parent, depth, record.at, ownStatus(record, unit !== undefined));
			restoreOptions(parent, depth);
		}
		child.isPipefail = parent.isPipefail;
		parent.children.push(child);
		return child;
	}

	/** Whether a substitution is one of those that an array is made of, which was recorded before them. */
	#isOfArray(array: Ran | undefined, { line }: TraceRecord): boolean {
		if (!array) return false;
		const begun = this.#parts.get(array) ?? 0;
		const [first, last] = array.place?.reported ?? [array.record.line, line];
		if (begun >= substitutionsOf(array) || line < first || line > last) return false;
		this.#parts.set(array, begun + 1);
		return true;
	}
}

/** The process around that of the last record, as far as the records know it. */
export function outermostOf(records: readonly TraceRecord[]): number | undefined {
	const parents = new Map(records.map(({ pid, parent }) => [pid, parent] as const).filter(([pid, parent]) => pid !== parent));
	let outermost = records.at(-1)?.pid;
	// Process numbers come again.
	for (let nesting = 0; nesting < deepest && outermost !== undefined && parents.has(outermost); nesting++) outermost = parents.get(outermost);
	return outermost;
}
