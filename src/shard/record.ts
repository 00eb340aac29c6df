/** `shard.json`: what a shard was to do, for whoever merges the shards. */
import { ExitCode, usageFailure, type ReportedError } from '../base/errors.js';
import { washed } from '../base/wash.js';
import { isDnsLabel } from '../plan/rules/names.js';
import { unitKey, unitsOf, type LabWork, type Unit } from './units.js';

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
	/** Labs of which the shard has no run though it was to do a part of them, by name; absent for none. */
	readonly lacking?: Readonly<Record<string, LackingRun>>;
}

/** Why there is no run of a lab: it was not reached, had no directory, or was removed. */
export interface LackingRun {
	/** When that was known, in milliseconds since the epoch. */
	readonly at: number;
	readonly error: ReportedError;
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

/** Whether a value is the work of a record. The names of labs become parts of paths, so each has to be one of a lab. */
const isWork = (work: unknown): work is readonly LabWork[] =>
	Array.isArray(work) &&
	work.length > 0 &&
	work.every((one: Partial<LabWork> | null) => isDnsLabel(String(one?.lab)) && typeof one?.planSha256 === 'string' && areChecks(one.robustness) && isShuffle(one.shuffle)) &&
	new Set(work.map(({ lab }: LabWork) => lab)).size === work.length;

const areChecks = (robustness: unknown): boolean => Array.isArray(robustness) && robustness.every((name) => name === 'twice' || name === 'reboot');

/** The most orders that a record may have: of more nobody makes a list. */
const mostOrders = 1_000_000;

function isShuffle(shuffle: unknown): boolean {
	if (shuffle === undefined) return true;
	const { count = 0, seed } = (shuffle ?? {}) as Partial<NonNullable<LabWork['shuffle']>>;
	return Number.isInteger(count) && count >= 1 && count <= mostOrders && Number.isInteger(seed);
}

/** Whether a value has every unit of the work, each once. */
function isDivision(division: unknown, work: readonly LabWork[]): division is readonly (readonly Unit[])[] {
	if (!Array.isArray(division) || !division.every(Array.isArray)) return false;
	const keyOf = (unit: Partial<Unit> | null) => unitKey({ lab: String(unit?.lab), name: String(unit?.name) as Unit['name'] });
	const sorted = (units: readonly Unit[]) => JSON.stringify(units.map(keyOf).toSorted());
	return sorted(division.flat() as Unit[]) === sorted(work.flatMap(unitsOf));
}

/** Exit statuses of an error. With another one, a damaged record could make a pass of what broke. */
const errorStatuses: readonly number[] = Object.values(ExitCode).filter((status) => status !== ExitCode.passed);

/** Whether a value is why there is no run of some labs of the work. */
function areLacking(lacking: unknown, work: readonly LabWork[]): boolean {
	if (lacking === undefined) return true;
	if (lacking === null || typeof lacking !== 'object') return false;
	return Object.entries(lacking as Record<string, Partial<LackingRun> | null>).every(([lab, one]) => {
		const { code, message, exitCode = 0, hint = '', node = '', detail = '' } = (one?.error ?? {}) as Partial<ReportedError>;
		return work.some((known) => known.lab === lab) && Number.isFinite(one?.at) && errorStatuses.includes(exitCode) && [code, message, hint, node, detail].every((text) => typeof text === 'string');
	});
}

/** Reads the text of a record. @throws Failure `usage` for what is none. @param file where it is, for messages */
export function parseRecord(text: string, file: string): ShardRecord {
	let value: Partial<ShardRecord> | null;
	try {
		value = JSON.parse(text) as Partial<ShardRecord> | null;
	} catch {
		value = null;
	}
	const { schema, version, index = 0, total = 0, work, division, lacking } = value ?? {};
	const isWhole =
		schema === 1 &&
		typeof version === 'string' &&
		Number.isInteger(index) &&
		Number.isInteger(total) &&
		index >= 1 &&
		index <= total &&
		isWork(work) &&
		isDivision(division, work) &&
		division.length === total &&
		areLacking(lacking, work);
	if (!isWhole) throw usageFailure(`${file}: this is not the record of a shard of this version of rehearse`);
	// Its texts come into reports.
	return { ...(value as ShardRecord), ...(lacking && { lacking: washed(lacking) }) };
}
