/** Merges shards: the events of each lab as if one machine had done all of its work. Pure. */
import { ExitCode, usageFailure, type ReportedError } from '../base/errors.js';
import type { RobustnessCheck, RunEvent } from '../lab/events.js';
import { foldEvents } from '../outcome/fold.js';
import { exitCodeOf, resultOf, verdictOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { failureSentences } from '../report/failures.js';
import type { ShardRecord } from './record.js';
import { orderName, unitKey, type LabWork, type UnitTimes } from './units.js';

/** A shard as it was read. */
export interface Shard {
	/** Where it is, for messages. */
	readonly directory: string;
	readonly record: ShardRecord;
	/** The event log of each lab's run, by the name of the lab. */
	readonly logs: ReadonlyMap<string, readonly RunEvent[]>;
}

/** A lab's work, put together. */
export interface MergedLab {
	readonly lab: string;
	readonly state: RunState;
	/** How long its units took. */
	readonly times: UnitTimes;
}

type OrderFinished = Extract<RunEvent, { readonly type: 'order-finished' }>;
type ErrorEvent = Extract<RunEvent, { readonly type: 'error' }>;

/** What the shards must be of. */
export interface Expected {
	/** The version of rehearse that merges: another may judge otherwise. */
	readonly version: string;
	/** The work that was given out, where that is known. */
	readonly work?: readonly LabWork[];
}

/**
 * Merges the shards of one work.
 * @throws Failure `usage` when a shard is missing or there twice, belongs to other work, plan or version, or lacks what it was to do
 */
export function mergeShards(shards: readonly Shard[], { version, work: expected }: Expected): MergedLab[] {
	const [first] = shards;
	if (!first) throw usageFailure('there is nothing to merge');
	requireAlike(first, shards);
	const { directory, record } = first;
	if (record.version !== version) {
		throw usageFailure(`${directory} was rehearsed by version ${record.version} of rehearse, and this is ${version}`, { hint: 'merge with the version that made the shards' });
	}
	if (expected && JSON.stringify(record.work) !== JSON.stringify(expected)) {
		throw usageFailure(`${directory} is no shard of what was asked for: it differs in ${differs.work}`, { hint: 'was a plan edited, or the checkout changed, while the shards waited?' });
	}
	return first.record.work.map((work) => mergeLab(work, shards));
}

function requireAlike({ record, directory }: Shard, shards: readonly Shard[]): void {
	for (const other of shards) {
		for (const key of ['version', 'total', 'work', 'division'] as const) {
			if (JSON.stringify(other.record[key]) === JSON.stringify(record[key])) continue;
			throw usageFailure(`${other.directory} and ${directory} are no shards of the same rehearsal: they differ in ${differs[key]}`);
		}
	}
	const places = Array.from({ length: record.total }, (_, index) => shards.filter((shard) => shard.record.index === index + 1));
	for (const [index, found] of places.entries()) {
		const name = `shard ${index + 1} of ${record.total}`;
		if (found.length > 1) throw usageFailure(`${name} is there ${found.length} times: ${found.map((shard) => shard.directory).join(', ')}`);
		if (found.length === 0) throw usageFailure(`${name} is missing`, { hint: 'a rehearsal of which a part is missing has no verdict' });
	}
}

const differs = {
	version: 'the version of rehearse',
	total: 'the number of shards',
	work: 'the labs, their plans or the checks that were asked for',
	division: 'who was to do what: give each the same --times, or none',
};

/** A shard's part of a lab. */
interface Part {
	readonly shard: Shard;
	readonly events: readonly RunEvent[];
	readonly units: ReadonlySet<string>;
	/** Its own plain run, without what came after it. */
	readonly plain: RunState;
}

/** The parts of a lab that were run, what was to be done of it that was not, and why. */
function partsOf({ lab }: LabWork, shards: readonly Shard[]) {
	const parts: Part[] = [];
	const missed = new Set<string>();
	const errors: ErrorEvent[] = [];
	for (const shard of shards) {
		const { index, total, division, lacking } = shard.record;
		const units = new Set((division[index - 1] ?? []).flatMap((unit) => (unit.lab === lab ? [unit.name] : [])));
		if (units.size === 0) continue;
		const events = shard.logs.get(lab);
		const reason = lacking && Object.hasOwn(lacking, lab) ? lacking[lab] : undefined;
		if (reason) {
			for (const unit of units) missed.add(unit);
			const { at, error } = reason;
			errors.push({ at, type: 'error', error: total === 1 ? error : { ...error, message: `shard ${index}: ${error.message}` } });
		} else if (events?.length === 0) {
			for (const unit of units) missed.add(unit);
			errors.push({ at: shards.reduce((latest, { logs }) => Math.max(latest, logs.get(lab)?.at(-1)?.at ?? 0), 0), type: 'error', error: emptyLog(shard, lab) });
		} else if (events) {
			parts.push({ shard, events, units, plain: foldEvents(plainOf(events)) });
		} else {
			throw usageFailure(`${shard.directory} has no run of ${lab}, of which it was to do ${[...units].join(', ')}`);
		}
	}
	return { parts, missed, errors };
}

/** Its run was ended before anything of it was written, or nothing could be. */
const emptyLog = ({ directory, record }: Shard, lab: string): ReportedError => ({
	code: 'log-empty',
	exitCode: ExitCode.broken,
	message: `shard ${record.index}: the event log of ${lab} is empty`,
	hint: `was the disk full, or the run killed? ${directory} has what is left of it`,
});

function mergeLab(work: LabWork, shards: readonly Shard[]): MergedLab {
	const { parts, missed, errors } = partsOf(work, shards);
	const owner = (unit: string): Part | undefined => {
		const part = parts.find(({ units }) => units.has(unit));
		if (!part && !missed.has(unit)) throw usageFailure(`no shard was to do ${unit} of ${work.lab}`);
		return part;
	};
	// Where nothing came of the plain run that counts, another shard's shows what there is to know.
	const base = owner('plain') ?? parts[0];
	if (!base) return { lab: work.lab, state: foldEvents(neverRun(work, errors)), times: {} };
	for (const { shard, plain } of parts) {
		if (plain.planSha256 === work.planSha256) continue;
		throw usageFailure(`${shard.directory} rehearsed another plan of ${work.lab} than it was to`);
	}
	const announced = testsOf(base);
	for (const part of parts) {
		if (testsOf(part) !== announced) throw usageFailure(`${part.shard.directory} judged ${work.lab} by other tests than ${base.shard.directory}`);
	}
	const plain = plainOf(base.events).filter(({ type }) => type !== 'run-finished');
	const events = [
		...plain.map((event) => (event.type === 'run-started' && work.robustness.length > 0 ? { ...event, robustness: work.robustness } : event)),
		...(verdictOf(base.plain) === 'passed' ? checkEvents(work, base, owner) : []),
		...parts.flatMap((part) => part.events.filter((event) => event.type === 'error' && !plain.includes(event))),
		...errors,
	];
	const ms = Math.max(...parts.map((part) => foldEvents(part.events).finishedMs ?? 0));
	const last = events.reduce((latest, { at }) => Math.max(latest, at), -Infinity);
	// A shard that was killed has not reported its end: neither has the whole.
	const isOver = parts.every((part) => part.events.some(({ type }) => type === 'run-finished'));
	const end: RunEvent[] = isOver ? [{ at: last, type: 'run-finished', ms }] : [];
	return { lab: work.lab, state: foldEvents([...events, ...end]), times: timesOf(work.lab, parts) };
}

/** The events of a lab that no shard has a run of. */
function neverRun({ lab, planSha256 }: LabWork, errors: readonly ErrorEvent[]): RunEvent[] {
	const at = errors[0]?.at ?? 0;
	return [{ at, type: 'run-started', runId: '', lab, planSha256, nodes: [], tests: [], warnings: [], runDirectory: '' }, ...errors, { at: errors.at(-1)?.at ?? at, type: 'run-finished', ms: 0 }];
}

/** The tests that a part announced, for comparison; none where it broke off before. */
const testsOf = ({ events }: Part): string | undefined => {
	const start = events.find((event) => event.type === 'run-started');
	return start && JSON.stringify(start.tests);
};

/** What the other units of a lab whose plain run has passed came to. */
function checkEvents(work: LabWork, base: Part, owner: (unit: string) => Part | undefined): RunEvent[] {
	const owners = work.robustness.map((check) => ({ check, part: owner(check) }));
	const checks = owners.flatMap(({ check, part }) => (part && verdictOf(part.plain) === 'passed' ? eventsOf(check, part.events) : []));
	// Each once, though it may have had two checks to make.
	const unfit = new Set(owners.flatMap(({ part }) => (part && verdictOf(part.plain) !== 'passed' ? [part] : [])));
	checks.push(...[...unfit].flatMap((part) => otherwise(part, base)));
	const { shuffle } = work;
	if (!shuffle) return checks;
	const orders = Array.from({ length: shuffle.count }, (_, index) => {
		const part = owner(orderName(index + 1));
		return part && orderEvent(index + 1, part);
	});
	const at = orders.find((order) => order !== undefined)?.at ?? base.plain.lastAt ?? 0;
	return [...checks, { at, type: 'shuffle-started', ...shuffle }, ...orders.flatMap((order) => order ?? [])];
}

/** How an order fared. It has not run where the shard's own plain run did not pass, and then that is how it fared. */
function orderEvent(number: number, { plain, events, shard }: Part): OrderFinished | undefined {
	const found = events.find((event): event is OrderFinished => event.type === 'order-finished' && event.number === number);
	if (found) return found;
	const verdict = verdictOf(plain);
	if (verdict !== 'passed') {
		const failures = failureSentences(plain).map((sentence) => `the plain run before it: ${sentence}`);
		return { at: plain.lastAt ?? 0, type: 'order-finished', number, order: [], verdict, failures, runDirectory: plain.runDirectory };
	}
	// Broken off, and the log has the reason.
	if (events.some(({ type }) => type === 'error')) return undefined;
	throw usageFailure(`${shard.directory} lacks order ${number}, which it was to run`);
}

/** The same lab passed elsewhere and did not here, so that a check of it could not be made. The lab has failed where it failed here. */
function otherwise({ plain, shard, events }: Part, base: Part): RunEvent[] {
	if (verdictOf(plain) === 'failed') {
		const where = `in the plain run of shard ${shard.record.index}, while that of shard ${base.shard.record.index} passed`;
		return plainOf(events).flatMap((event) => failureIn(event, where) ?? []);
	}
	const message = `the plain run of shard ${shard.record.index} did not pass, that of shard ${base.shard.record.index} did: ${failureSentences(plain).join('; ')}`;
	return [{ at: plain.lastAt ?? 0, type: 'error', error: { code: 'shard-not-passed', exitCode: exitCodeOf(resultOf(plain)), message } }];
}

/** An event by which a lab fails, with where that was; nothing for any other. */
function failureIn(event: RunEvent, where: string): RunEvent | undefined {
	switch (event.type) {
		case 'script-finished':
			return event.status === 'passed' ? undefined : { ...event, reasons: [...(event.reasons ?? []), where] };
		case 'assertion-finished':
		case 'login-checked':
			return event.status === 'failed' ? { ...event, message: `${where}: ${event.message ?? 'it failed'}` } : undefined;
		case 'machine-ended':
			return { ...event, message: `${where}: ${event.message}` };
		case 'stage-finished':
			return event.status === 'failed' ? event : undefined;
		default:
			return undefined;
	}
}

const robustnessChecks: readonly RobustnessCheck[] = ['twice', 'reboot'];

/** Whether an event is about a robustness check. */
function isOf(check: RobustnessCheck, event: RunEvent): boolean {
	switch (event.type) {
		case 'stage-started':
		case 'stage-progress':
		case 'stage-finished':
			return event.stage === check;
		case 'assertion-waiting':
		case 'assertion-finished':
			return event.after === check;
		case 'script-repeated':
			return check === 'twice';
		case 'machine-restarted':
			return check === 'reboot';
		default:
			return false;
	}
}

/** The events of a robustness check: its own, and the ends of machines from its beginning to that of the next. */
function eventsOf(check: RobustnessCheck, events: readonly RunEvent[]): RunEvent[] {
	let current: RobustnessCheck | undefined;
	return events.filter((event) => {
		current = robustnessChecks.find((one) => isOf(one, event)) ?? current;
		return event.type === 'machine-ended' ? current === check : isOf(check, event);
	});
}

/** The events of a run without its robustness checks and orders, and what ended or broke in those, as if none had been asked for. */
function plainOf(events: readonly RunEvent[]): RunEvent[] {
	let isPlain = true;
	return events.flatMap((event): RunEvent[] => {
		if (event.type === 'run-started') {
			const { robustness: _asked, ...plain } = event;
			return [plain];
		}
		const isOfCheck = event.type === 'shuffle-started' || event.type === 'order-finished' || robustnessChecks.some((check) => isOf(check, event));
		if (isOfCheck) isPlain = false;
		const isWithThem = event.type === 'error' || event.type === 'machine-ended';
		return isOfCheck || (isWithThem && !isPlain) ? [] : [event];
	});
}

/** From the logs: an order took from the event before it to its own. */
function timesOf(lab: string, parts: readonly Part[]): UnitTimes {
	const times: Record<string, number> = {};
	for (const { events, units } of parts) {
		const began = events[0]?.at ?? 0;
		for (const [index, event] of events.entries()) {
			if (event.type === 'order-finished' && event.number !== undefined) {
				times[unitKey({ lab, name: orderName(event.number) })] = event.at - (events[index - 1]?.at ?? event.at);
			} else if (event.type === 'stage-finished' && event.node === undefined && (event.stage === 'twice' || event.stage === 'reboot')) {
				times[unitKey({ lab, name: event.stage })] = event.ms;
			} else if (event.type === 'stage-finished' && event.stage === 'scenario' && event.node === undefined && units.has('plain')) {
				times[unitKey({ lab, name: 'plain' })] ??= event.at - began;
			}
		}
	}
	return times;
}
