/**
 * The tree of a script's processes: each record names the process that forked its own; the rest is in the script's
 * text.
 */
import type { CommandPlace, Fork } from '../shell/command-places.js';
import { close, isOf, lastUnit, ownStatus, settle, ShellProcess, type Unit } from './shell-process.js';
import type { TraceRecord } from './stream.js';

const isInput = ({ kind }: Fork): boolean => kind === 'substitution' || kind === 'beside';

/** Finds the process of each record. */
export class Forks {
	readonly root: ShellProcess;
	readonly #byPid = new Map<number, ShellProcess>();

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
	fork(record: TraceRecord, place: CommandPlace | undefined, isPipefail: boolean, before: (ancestor: ShellProcess) => void): ShellProcess {
		let parent = this.#byPid.get(record.parent) ?? this.root;
		before(parent);
		const around = record.depth === parent.start.depth ? parent.start.forks : 0;
		const known = place?.forks.slice(around) ?? [];
		let level = record.level - known.filter(isInput).length;
		for (const [index, fork] of known.entries()) {
			const forks = around + index + 1;
			const isLast = index === known.length - 1;
			if (isInput(fork)) level += 1;
			const start = { level, depth: record.depth, pid: isLast ? record.pid : 0, fork, isSubstitution: isInput(fork), forks };
			parent = this.#enter(parent, start, record, isPipefail);
		}
		if (known.length === 0) {
			const top = parent.open.at(-1)?.ran.record.command ?? '';
			const isSubstitution = record.level > parent.currentLevel && !/^(?:eval|source|\.) /.test(top);
			const start = { level: record.level, depth: record.depth, pid: record.pid, fork: undefined, isSubstitution, forks: around };
			parent = this.#enter(parent, start, record, isPipefail);
		}
		this.#byPid.set(record.pid, parent);
		return parent;
	}

	/** A process that a known one has forked: one that was only known by what it forked itself, or a new one. */
	#enter(parent: ShellProcess, start: ShellProcess['start'], record: TraceRecord, isPipefail: boolean): ShellProcess {
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
			const unit = lastUnit(parent.children);
			if (!unit) close(parent, parent.depthOf(record, start.level - (start.isSubstitution ? 1 : 0)), record.at, ownStatus(record, false));
			else if (!isOf(unit, child)) settle(parent, record, undefined, isPipefail);
		}
		parent.children.push(child);
		return child;
	}
}
