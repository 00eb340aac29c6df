import { canonicalJson, contentKey } from '../base/hash.js';
import type { CheckpointKind } from '../lab/events.js';
import type { CheckpointMachine, Fingerprint } from './manifest.js';

/** The version of the format, a part of every key. Raise it when equal inputs lead to another checkpoint. */
const checkpointFormat = 1;

/** Inputs that overlap with others: their names alone explain little to a person. */
const catchAlls: readonly string[] = ['image', 'network', 'seed', 'machine'];

/** The key of a checkpoint of these machines. Their order does not matter. */
export function checkpointKey(
	kind: CheckpointKind,
	machines: readonly Pick<CheckpointMachine, 'node' | 'fingerprint'>[],
): string {
	const parts = machines.map(({ node, fingerprint }) => canonicalJson({ node, fingerprint })).sort();
	return contentKey({ format: checkpointFormat, kind, machines: parts });
}

/** The names of the inputs that differ, or that only one side has. A catch-all is only listed when no other input differs. */
export function changesBetween(old: Fingerprint, now: Fingerprint): string[] {
	const names = [...new Set([...Object.keys(now), ...Object.keys(old)])];
	const changed = names.filter((name) => old[name] !== now[name]);
	const specific = changed.filter((name) => !catchAlls.includes(name));
	return specific.length > 0 ? specific : changed;
}

/** `packages and memory changed`. */
export function describeChanges(names: readonly string[]): string {
	if (names.length === 0) return 'nothing changed';
	const enumerated = [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(' and ');
	return `${enumerated} changed`;
}
