import type { Extent } from '../base/extents.js';
import { isCount, isRecord, isText } from '../base/untrusted.js';
import type { CheckpointKind } from '../lab/events.js';

/** What a checkpoint says of itself: the shape of its `checkpoint.json`, and the reading of one that may be damaged. */

/** What a machine's state depends on, by the name that people know it by. */
export type Fingerprint = Readonly<Record<string, string>>;

/** What a file must be to be the one that was saved. */
export interface FileDigest {
	/** Its nominal size, holes included. */
	readonly bytes: number;
	/** Where it has data, in ascending order. What lies between is holes, and not looked at. */
	readonly extents: readonly Extent[];
	/** Over the data, from the first extent to the last. */
	readonly crc32: number;
}

export interface CheckpointMachine {
	readonly node: string;
	readonly fingerprint: Fingerprint;
	/** The state of its processor and devices, and its memory, by their names in the checkpoint's directory. */
	readonly state: string;
	readonly ram: string;
	/** What has changed of the memory, where it is that of another checkpoint. */
	readonly pages?: string;
	/** Processor time that its startup scripts took, in milliseconds, where that is known. */
	readonly startupCpuMs?: number;
	/** The qcow2 files that the disk consists of, top first, by their names in the checkpoint's directory. */
	readonly layers: readonly string[];
}

/** In 1 a machine's memory was in the file of its state; in 2 it was always whole; in 3 its fingerprint had another name. */
export const manifestSchema = 4;

export interface Manifest {
	readonly schema: typeof manifestSchema;
	/** What the checkpoint's directory is called. */
	readonly key: string;
	readonly kind: CheckpointKind;
	readonly lab: string;
	/** Of a `failed` one: the name of the run that its machines are of. */
	readonly run?: string;
	/** When the machines stood still, in milliseconds since the epoch. */
	readonly savedAt: number;
	readonly machines: readonly CheckpointMachine[];
	/** By name in the checkpoint's directory. */
	readonly files: Readonly<Record<string, FileDigest>>;
}

/** Damage is a result, with its reason: whoever meets it throws the checkpoint away and goes on without. */
export type Damaged = { readonly damaged: string };

/** The manifest's own name in the checkpoint's directory. */
export const manifestName = 'checkpoint.json';

const kinds: readonly CheckpointKind[] = ['provisioned', 'started', 'failed'];

/** Reads the manifest of the checkpoint `key`. */
export function parseManifest(text: string, key: string): { readonly manifest: Manifest } | Damaged {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { damaged: `${manifestName} is not JSON` };
	}
	const problem = findProblem(value, key);
	return problem === undefined ? { manifest: value as Manifest } : { damaged: `${manifestName} ${problem}` };
}

function findProblem(value: unknown, key: string): string | undefined {
	if (!isRecord(value)) return 'is no object';
	const { schema } = value;
	if (isCount(schema) && schema < manifestSchema) return `was made by an earlier version of rehearse (schema ${schema} instead of ${manifestSchema})`;
	if (schema !== manifestSchema) return `has schema ${JSON.stringify(schema)} instead of ${manifestSchema}`;
	if (value['key'] !== key) return `is that of ${JSON.stringify(value['key'])}`;
	if (!kinds.some((kind) => kind === value['kind'])) return `has the kind ${JSON.stringify(value['kind'])}`;
	if (!isText(value['lab'])) return 'names no lab';
	if (value['kind'] === 'failed' && !isText(value['run'])) return 'names no run';
	if (!isCount(value['savedAt'])) return 'does not say when it was saved';
	const { files, machines } = value;
	if (!isRecord(files)) return 'lists no files';
	const strange = Object.keys(files).find((name) => !isFileName(name) || !isDigest(files[name]));
	if (strange !== undefined) return `has a strange entry for ${strange}`;
	if (!Array.isArray(machines) || machines.length === 0) return 'lists no machines';
	if (!machines.every(isMachine)) return 'has a strange entry for a machine';
	const missing = machines.flatMap(machineFiles).find((name) => !Object.hasOwn(files, name));
	return missing === undefined ? undefined : `has no entry for ${missing}`;
}

/** The files that one machine is restored from. */
export const machineFiles = ({ state, ram, pages, layers }: CheckpointMachine): readonly string[] => [
	state,
	ram,
	...(pages === undefined ? [] : [pages]),
	...layers,
];

/** A name that does not lead out of the checkpoint's directory. */
const isFileName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !name.includes('/');

const isMachine = (value: unknown): value is CheckpointMachine =>
	isRecord(value) &&
	isText(value['node']) &&
	isText(value['state']) &&
	isText(value['ram']) &&
	(value['pages'] === undefined || isText(value['pages'])) &&
	(value['startupCpuMs'] === undefined || isCount(value['startupCpuMs'])) &&
	Array.isArray(value['layers']) &&
	value['layers'].every(isText) &&
	isRecord(value['fingerprint']) &&
	Object.values(value['fingerprint']).every(isText);

const isDigest = (value: unknown): value is FileDigest =>
	isRecord(value) &&
	isCount(value['bytes']) &&
	isCount(value['crc32']) &&
	Array.isArray(value['extents']) &&
	areExtents(value['extents'], value['bytes']);

function areExtents(extents: readonly unknown[], bytes: number): boolean {
	let end = 0;
	for (const extent of extents) {
		if (!Array.isArray(extent) || extent.length !== 2 || !extent.every(isCount)) return false;
		const [offset, length] = extent as unknown as Extent;
		if (offset < end) return false;
		end = offset + length;
	}
	return end <= bytes;
}
