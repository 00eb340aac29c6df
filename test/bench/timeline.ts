/** Reading times out of a run's event log. Pure. */
import type { RunEvent } from '../../src/lab/events.js';

/** A stretch of time, in milliseconds since the epoch. */
export interface Span {
	readonly stage: string;
	readonly node?: string;
	readonly from: number;
	readonly to: number;
}

/** The stages of a run that have ended, one span for each, or for each node's part of it. */
export function spansOf(events: readonly RunEvent[]): Span[] {
	const spans: Span[] = [];
	const open = new Map<string, number>();
	for (const event of events) {
		if (event.type !== 'stage-started' && event.type !== 'stage-finished') continue;
		const { stage, node, at } = event;
		const key = `${stage} ${node ?? ''}`;
		if (event.type === 'stage-started') open.set(key, at);
		else spans.push({ stage, ...(node === undefined ? {} : { node }), from: open.get(key) ?? at - event.ms, to: at });
	}
	return spans;
}

/** Milliseconds during which at least one of the spans went on. */
export function coveredMs(spans: readonly Pick<Span, 'from' | 'to'>[]): number {
	let covered = 0;
	let reached = -Infinity;
	for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
		covered += Math.max(0, to - Math.max(from, reached));
		reached = Math.max(reached, to);
	}
	return covered;
}

/** Milliseconds from a stage's first beginning to its last end, over all nodes; `undefined` when it did not occur. */
export function extentMs(spans: readonly Span[], stage: string): number | undefined {
	const those = spans.filter((span) => span.stage === stage);
	if (those.length === 0) return undefined;
	return Math.max(...those.map(({ to }) => to)) - Math.min(...those.map(({ from }) => from));
}

/** Milliseconds of the longest span of a stage; `undefined` when it did not occur. */
export function longestMs(spans: readonly Span[], stage: string): number | undefined {
	const those = spans.filter((span) => span.stage === stage);
	return those.length === 0 ? undefined : Math.max(...those.map(({ from, to }) => to - from));
}

/** The stages during which a run waits for guests; everything else is the tool's own share. */
const guestStages: readonly string[] = ['boot', 'restore', 'startup', 'scenario'];

/**
 * When a run waited for guests: its stages that do, and between a node's restore and its startup the time in which the
 * machine goes on and is health is checked.
 */
export function guestSpans(spans: readonly Span[]): Pick<Span, 'from' | 'to'>[] {
	const startups = new Map(spans.filter(({ stage }) => stage === 'startup').map((span) => [span.node, span]));
	const wakings = spans
		.filter(({ stage }) => stage === 'restore')
		.map(({ node, to }) => ({ from: to, to: Math.max(to, startups.get(node)?.from ?? to) }));
	return [...spans.filter(({ stage }) => guestStages.includes(stage)), ...wakings];
}

/** Milliseconds of a run that no guest was waited for: in all, before the first of them and after the last. */
export interface OwnShare {
	readonly all: number;
	readonly before: number;
	readonly after: number;
}

/** A run with its wall time in milliseconds. */
interface TimedRun {
	/** Milliseconds since the epoch. */
	readonly startedAt: number;
	readonly ms: number;
	readonly spans: readonly Span[];
}

/** The tool's own share of a run. */
export function ownShare({ startedAt, ms, spans }: TimedRun): OwnShare {
	const guests = guestSpans(spans);
	if (guests.length === 0) return { all: ms, before: ms, after: 0 };
	const before = Math.min(...guests.map(({ from }) => from)) - startedAt;
	const after = startedAt + ms - Math.max(...guests.map(({ to }) => to));
	return { all: ms - coveredMs(guests), before, after };
}

/** An event log as events; a last line that is still being written is left out. */
export const parseEvents = (log: string): RunEvent[] =>
	log
		.slice(0, log.lastIndexOf('\n') + 1)
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line) as RunEvent);
