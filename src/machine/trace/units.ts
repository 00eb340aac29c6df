/** What a shell forks at once: the elements of one pipeline, a subshell, a substitution. */
import type { ShellProcess } from './shell-process.js';

/** Processes that were forked for one thing. */
export interface Unit {
	/** `unknown`: the script's text does not tell, as in other files; then these may be several things. */
	readonly kind: 'pipeline' | 'subshell' | 'substitution' | 'unknown';
	readonly id: number | undefined;
	/** How many there are, also of those that told of nothing; undefined where that is unknown. */
	readonly count: number | undefined;
	/** The pipeline as it stands in the script; otherwise empty. */
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

/** The status of a whole unit tells of its elements: of all where `pipefail` is set and it is 0, else of the last. */
export function tellStatuses({ elements, count, kind }: Unit, status: number | undefined, isPipefail: boolean): void {
	for (const element of elements) {
		const isLast = count === 1 || (kind === 'pipeline' && element.start.fork?.index === (count ?? 0) - 1);
		if (isLast || (isPipefail && status === 0)) element.status ??= status;
	}
}
