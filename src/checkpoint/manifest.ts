import type { Extent } from '../base/extents.js';
import { isCount, isRecord, isText } from '../base/untrusted.js';
import type { CheckpointKind } from '../lab/events.js';

/** The manifest of a checkpoint: the format of `checkpoint.json`, and the parser for one that may be damaged. */

/** Everything that a machine's state depends on: a value for each input, by a name that people know. */
export type Fingerprint = Readonly<Record<string, string>>;

/** The size, data ranges and checksum that a file had when it was saved. */
export interface FileDigest {
	/** Its length, with its holes. */
	readonly bytes: number;
	/** The ranges with data, in ascending order. Between them are holes, which are not read. */
	readonly extents: readonly Extent[];
	/** The checksum of the data, from the first extent to the last. */
	readonly crc32: number;
}

export interface CheckpointMachine {
	readonly node: string;
	readonly fingerprint: Fingerprint;
	/** File names in the checkpoint's directory: `state` has the processor and the devices, `ram` the memory. */
	readonly state: string;
	readonly ram: string;
	/** File with the changed pages, where `ram` is the memory of another checkpoint. */
	readonly pages?: string;
	/** Processor time of its startup scripts, in milliseconds, where it is known. */
	readonly startupCpuMs?: number;
	/** The qcow2 files that form the disk, top layer first, by their names in the checkpoint's directory. */
	readonly layers: readonly string[];
}

/**
 * History: in 1 the state file contained the memory; in 2 `ram` always had the whole memory; in 3 the fingerprint had
 * another name.
 */
export const manifestSchema = 4;

export interface Manifest {
	readonly schema: typeof manifestSchema;
	/** Also the name of the checkpoint's directory. */
	readonly key: string;
	readonly kind: CheckpointKind;
	readonly lab: string;
	/** Only for the kind `failed`: the name of the run whose machines these are. */
	readonly run?: string;
	/** When the machines were paused to be saved, in milliseconds since the epoch. */
	readonly savedAt: number;
	readonly machines: readonly CheckpointMachine[];
	/** By name in the checkpoint's directory. */
	readonly files: Readonly<Record<string, FileDigest>>;
}

/** Damage is a result with a reason, not an exception: the caller discards the checkpoint and goes on without it. */
export type Damaged = { readonly damaged: string };

/** The manifest's file name in the checkpoint's directory. */
export const manifestName = 'checkpoint.json';

const kinds: readonly CheckpointKind[] = ['provisioned', 'started', 'failed'];

/** Reads and checks the manifest of the checkpoint `key`. */
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
	if (!isRecord(value)) return 'is not an object';
	const { schema } = value;
	if (isCount(schema) && schema < manifestSchema) return `was made by an earlier version of rehearse (schema ${schema} instead of ${manifestSchema})`;
	if (schema !== manifestSchema) return `has schema ${JSON.stringify(schema)} instead of ${manifestSchema}`;
	if (value['key'] !== key) return `belongs to ${JSON.stringify(value['key'])}`;
	if (!kinds.some((kind) => kind === value['kind'])) return `has the kind ${JSON.stringify(value['kind'])}`;
	if (!isText(value['lab'])) return 'does not name its lab';
	if (value['kind'] === 'failed' && !isText(value['run'])) return 'does not name its run';
	if (!isCount(value['savedAt'])) return 'does not have the time when it was saved';
	const { files, machines } = value;
	if (!isRecord(files)) return 'does not list its files';
	const invalid = Object.keys(files).find((name) => !isFileName(name) || !isDigest(files[name]));
	if (invalid !== undefined) return `has an invalid entry for ${invalid}`;
	if (!Array.isArray(machines) || machines.length === 0) return 'does not list its machines';
	if (!machines.every(isMachine)) return 'has an invalid entry for a machine';
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

/** Whether a name stays within the checkpoint's directory. */
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
