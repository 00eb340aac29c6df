/** Compares two state snapshots. A file's age is no difference, nor is the process behind a unit. */
import type { Difference, DifferenceKind, StateSnapshot, SnapshotFile } from '../lab/state-snapshot.js';
import { linesBetween } from '../base/line-diff.js';

type Change = Omit<Difference, 'kind' | 'subject'>;

/** Everything that is not as it was, kind by kind, in the order of names; nothing for equal snapshots. */
export function differencesBetween(before: StateSnapshot, after: StateSnapshot): Difference[] {
	const named = (kind: DifferenceKind, old: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>) =>
		compare(kind, old, now, (one, other) => (one === other ? undefined : { change: 'changed', before: one, after: other }));
	const listed = (kind: DifferenceKind, old: readonly string[], now: readonly string[]) =>
		compare(kind, present(old), present(now), () => undefined);
	return [
		...compare('file', before.files, after.files, changeOfFile),
		...named('unit', before.units, after.units),
		...listed('port', before.ports, after.ports),
		...listed('address', before.addresses, after.addresses),
		...named('user', before.users, after.users),
		...named('group', before.groups, after.groups),
		...named('package', before.packages, after.packages),
	];
}

const present = (names: readonly string[]): Record<string, true> => Object.fromEntries(names.map((name) => [name, true]));

function compare<T>(
	kind: DifferenceKind,
	before: Readonly<Record<string, T>>,
	after: Readonly<Record<string, T>>,
	changeOf: (before: T, after: T) => Change | undefined,
): Difference[] {
	const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
	return names.flatMap((subject) => {
		const [old, now] = [before[subject], after[subject]];
		if (old === undefined) return [{ kind, subject, change: 'added' as const, ...described('after', kind, now) }];
		if (now === undefined) return [{ kind, subject, change: 'removed' as const, ...described('before', kind, old) }];
		const change = changeOf(old, now);
		return change ? [{ kind, subject, ...change }] : [];
	});
}

/** A short description of a thing that came or went. */
function described(when: 'before' | 'after', kind: DifferenceKind, thing: unknown): Partial<Change> {
	if (kind === 'file') return { [when]: fileKind(thing as SnapshotFile) };
	return typeof thing === 'string' ? { [when]: thing } : {};
}

const kinds: Readonly<Record<string, string>> = { f: 'file', d: 'directory', l: 'symbolic link', p: 'pipe', s: 'socket', c: 'device', b: 'device' };

const fileKind = ({ type }: SnapshotFile): string => kinds[type] ?? 'file';

function changeOfFile(before: SnapshotFile, after: SnapshotFile): Change | undefined {
	if (before.type !== after.type) return { change: 'changed', before: fileKind(before), after: fileKind(after) };
	if (before.target !== after.target) return { change: 'changed', before: `→ ${before.target}`, after: `→ ${after.target}` };
	const attributes = [
		...(before.mode === after.mode ? [] : [[`mode ${before.mode}`, `mode ${after.mode}`]]),
		...(before.owner === after.owner ? [] : [[`owner ${before.owner}`, `owner ${after.owner}`]]),
	];
	// A change of attributes is what a file with a digest by now was written for, when its size is what it was.
	const isHalfKnown = (before.digest === undefined) !== (after.digest === undefined);
	const isOnlyRewritten = attributes.length > 0 && before.size === after.size && isHalfKnown;
	const content = isOnlyRewritten ? undefined : contentChange(before, after);
	if (!content && attributes.length === 0) return undefined;
	if (attributes.length === 0) return content;
	const [was, is] = [0, 1].map((side) => attributes.map((pair) => pair[side]).join(', '));
	return { change: 'changed', ...content, ...(was ? { before: was } : {}), ...(is ? { after: is } : {}) };
}

/**
 * Of a file that was not written since provisioning began there is no digest: it is as the image has it, and one that
 * has a digest is taken for another. Files that are too large for one are compared by their size.
 */
function contentChange(before: SnapshotFile, after: SnapshotFile): Change | undefined {
	if (before.size === after.size && before.digest === after.digest) return undefined;
	if (before.text === undefined || after.text === undefined) return { change: 'changed' };
	const { added, removed } = linesBetween(before.text, after.text);
	return {
		change: 'changed',
		...(added.length > 0 ? { addedLines: added } : {}),
		...(removed.length > 0 ? { removedLines: removed } : {}),
	};
}

/** Keys that a live medium makes for itself at every boot. */
const madeAnew = /^\/etc\/ssh\/ssh_host_/;

/** Files that a machine had written and does not have any more: what a live medium forgot at a restart. */
export const forgottenAmong = (differences: readonly Difference[]): Difference[] =>
	differences.filter(
		({ kind, subject, change }) => ['file', 'user', 'group', 'package'].includes(kind) && change !== 'added' && !madeAnew.test(subject),
	);

/** systemd's units that run at the first boot of a system and after updates only (systemd.unit(5), ConditionNeedsUpdate=). */
const runsOnce = /^(?:ldconfig|systemd-(?:firstboot|hwdb-update|journal-catalog-update|sysusers|update-done))\.service$/;

/** What a machine had, and does not have or not intact any more: what did not come back from a restart. */
export const lossesAmong = (differences: readonly Difference[]): Difference[] =>
	differences.filter(
		({ kind, subject, change, after }) =>
			!(kind === 'unit' && runsOnce.test(subject)) &&
			((['unit', 'port', 'address'].includes(kind) && change === 'removed') || (kind === 'unit' && change !== 'removed' && after !== 'active')),
	);
