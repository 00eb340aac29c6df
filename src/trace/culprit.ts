/** Which command a process ended in, from what is known of the statuses. */
import { isHeader, type Ran, type ShellProcess, type Unit } from './shell-process.js';

/** The command that a process failed with; or several, where it is not known which of them failed. */
export type Culprit = { readonly ran: Ran } | { readonly among: readonly Ran[]; readonly text: string };

/** These fail with a closed output at most, where they are not redirected. */
const harmless = /^(?:echo|printf|true|:)(?: |$)/;

/** Whether a command, as it is written in the script, is one that does not fail. */
export const isHarmless = (text: string): boolean => harmless.test(text) && !/[<>](?!&\d)/.test(text);

/** The command that a process failed with, whose exit status may be known. */
export function culpritOf(process: ShellProcess): Culprit | undefined {
	if (process.tail) return culpritIn(process.tail, process.status, process.isPipefail);
	const { last } = process;
	if (!last) return undefined;
	const { cause } = last;
	if (cause?.status && (last.status === undefined || cause.status === last.status)) return culpritOf(cause) ?? { ran: last };
	if (last.place?.isLoopTest) return culpritInLoop(process, last);
	// A trap that was entered without a failure is what failed itself.
	const inTrap = process.trapStatus === 0 && process.status ? process.rans.at(-1) : undefined;
	if (inTrap?.isTrap) return { ran: inTrap };
	// One that worked is not the one, nor an assignment of fixed values.
	const isFine = last.status === 0 || isHeader(last) || isWithoutFailure(last);
	return isFine ? undefined : { ran: last };
}

/**
 * Whether a command cannot fail: a failure that the shell reports of it is that of one behind it, which was not traced.
 */
export const isWithoutFailure = ({ record: { command, output }, place, line }: Ran): boolean =>
	harmless.test(command) &&
	(place === undefined || isHarmless(place.text)) &&
	!output.includes(`: line ${line}: `) &&
	!isComplaintOf(command.split(' ')[0] ?? '', output);

/** A loop has the status of the last command in it, behind which its test was asked again. */
function culpritInLoop({ rans, status }: ShellProcess, test: Ran): Culprit | undefined {
	const before = rans.slice(0, rans.indexOf(test)).findLast(({ place, isTrap }) => !isTrap && !place?.isLoopTest);
	// Killed while it asked.
	if (status === undefined && test.status === undefined) return { ran: test };
	return before?.status && before.status === status ? { ran: before } : undefined;
}

function culpritIn({ elements, kind, count, text }: Unit, status: number | undefined, isPipefail: boolean): Culprit | undefined {
	const inOrder = kind === 'pipeline' ? elements.toSorted((a, b) => indexOf(a) - indexOf(b)) : elements;
	const [only] = inOrder;
	if (count === 1 && only) return culpritOf(only);
	const last = inOrder.at(-1);
	const isLastThere = last !== undefined && kind === 'pipeline' && indexOf(last) === (count ?? 0) - 1;
	const failed = inOrder.filter((element) => element.status !== 0 && element.status !== undefined);
	const isKnown = inOrder.length === count && inOrder.every((element) => element.status !== undefined);
	if (isKnown) {
		const chosen = isPipefail ? failed.at(-1) : last;
		return chosen && culpritOf(chosen);
	}
	if (isLastThere && !isPipefail) return culpritOf(last);
	// An exit that gives the very status is the one; so is the only one that complains, or that can have failed.
	const suspects = inOrder.filter((element) => element.status !== 0 && element.last && !(element.rans.length === 1 && isWithoutFailure(element.last)));
	const exits = suspects.filter((element) => element.last?.record.command === `exit ${status}`);
	const complaining = suspects.filter((element) => element.last && complains(element.last, inOrder));
	const [chosen, ...others] = exits.length === 1 ? exits : complaining.length === 1 ? complaining : inOrder.length === count ? suspects : [];
	if (chosen && others.length === 0) return culpritOf(chosen);
	return { among: suspects.flatMap((element) => element.last ?? []), text };
}

const indexOf = (process: ShellProcess): number => process.start.fork?.index ?? 0;

/** Whether something was written that begins with a command's name, as programs and shells complain. */
function complains({ record }: Ran, beside: readonly ShellProcess[]): boolean {
	const [first = ''] = record.command.split(/\s/);
	const name = first.slice(first.lastIndexOf('/') + 1);
	return beside.some(({ rans }) => rans.some(({ record: { output } }) => isComplaintOf(name, output)));
}

/** Whether an output has a message of a program of this name; for a program that is not found, the shell writes one. */
export const isComplaintOf = (name: string, output: string): boolean => complaintOf(name, output) !== undefined;

/** The line that a program of this name complains in. */
export const complaintOf = (name: string, output: string): string | undefined =>
	name === ''
		? undefined
		: output.split('\n').find((line) => line.startsWith(`${name}: `) || /^.*?: (?:line )?\d+: /.exec(line)?.[0] === line.slice(0, line.indexOf(`${name}: `)));

/** What a script was at when it was killed: a command without a status, also of a process that had no time to report one. */
export function runningOf(culprit: Culprit | undefined, unfinished: readonly Ran[]): Culprit | undefined {
	if (culprit && 'ran' in culprit && culprit.ran.status === undefined) return culprit;
	const running = unfinished.findLast(({ status }) => status === undefined);
	return running ? { ran: running } : culprit;
}
