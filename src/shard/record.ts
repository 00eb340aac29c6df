/** `shard.json`: what a shard was to do, for whoever merges the shards. */
import { usageFailure } from '../base/errors.js';
import type { LabWork, Unit } from './units.js';

/** The content of `shard.json`. */
export interface ShardRecord {
	readonly schema: 1;
	/** The version of rehearse that ran. */
	readonly version: string;
	/** Number of the shard, from 1. */
	readonly index: number;
	/** Number of shards. */
	readonly total: number;
	/** All of the work, which is the same for every shard. */
	readonly work: readonly LabWork[];
	/** The units of every shard, in the order of their numbers. */
	readonly division: readonly (readonly Unit[])[];
}

/** Its name in the directory of a shard. */
export const shardRecordName = 'shard.json';

/** The name of a shard's directory, such as `shard-3-of-8`. */
export const shardDirectoryName = (index: number, total: number): string => `shard-${index}-of-${total}`;

/** Parses `I/N`. @throws Failure `usage` for anything but a shard of some */
export function parseShard(text: string): { readonly index: number; readonly total: number } {
	const [, index = 0, total = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
	if (index >= 1 && index <= total) return { index, total };
	throw usageFailure(`--shard ${text}: expected a number and how many there are, such as 3/8`);
}

/** Reads the text of a record. @throws Failure `usage` for what is none. @param file where it is, for messages */
export function parseRecord(text: string, file: string): ShardRecord {
	let value: Partial<ShardRecord> | null;
	try {
		value = JSON.parse(text) as Partial<ShardRecord> | null;
	} catch {
		value = null;
	}
	const { schema, version, index, total, work, division } = value ?? {};
	const isWhole =
		schema === 1 &&
		typeof version === 'string' &&
		Number.isInteger(index) &&
		Number.isInteger(total) &&
		Array.isArray(work) &&
		work.every((one: Partial<LabWork>) => typeof one?.lab === 'string' && typeof one.planSha256 === 'string' && Array.isArray(one.robustness)) &&
		Array.isArray(division) &&
		division.length === total &&
		division.every((units) => Array.isArray(units) && units.every((unit: Partial<Unit>) => typeof unit?.lab === 'string' && typeof unit.name === 'string'));
	if (!isWhole) throw usageFailure(`${file}: this is not the record of a shard of this version of rehearse`);
	return value as ShardRecord;
}
