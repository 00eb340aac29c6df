import test from 'ava';
import type { RunEvent } from '../../../src/lab/events.js';
import { coveredMs, extentMs, longestMs, ownShare, parseEvents, spansOf } from '../../bench/timeline.js';

const started = (at: number, stage: string, node?: string) =>
	({ at, type: 'stage-started', stage, ...(node === undefined ? {} : { node }) }) as RunEvent;
const finished = (at: number, stage: string, ms: number, node?: string) =>
	({ at, type: 'stage-finished', stage, status: 'passed', ms, ...(node === undefined ? {} : { node }) }) as RunEvent;

const events = [
	started(1000, 'seeds'),
	finished(1100, 'seeds', 100),
	started(1100, 'restore', 'a'),
	started(1120, 'restore', 'b'),
	finished(1400, 'restore', 300, 'a'),
	started(1400, 'startup', 'a'),
	finished(1500, 'restore', 380, 'b'),
	finished(3000, 'startup', 1600, 'a'),
	started(3100, 'scenario'),
];

test('each stage of each node has its span, and what has not ended has none', (t) => {
	t.deepEqual(spansOf(events), [
		{ stage: 'seeds', from: 1000, to: 1100 },
		{ stage: 'restore', node: 'a', from: 1100, to: 1400 },
		{ stage: 'restore', node: 'b', from: 1120, to: 1500 },
		{ stage: 'startup', node: 'a', from: 1400, to: 3000 },
	]);
});

test('a stage of which only the end is known began as long before as it lasted', (t) => {
	t.deepEqual(spansOf([finished(900, 'save', 250, 'a')]), [{ stage: 'save', node: 'a', from: 650, to: 900 }]);
});

test('time that is covered twice is counted once', (t) => {
	t.is(coveredMs([]), 0);
	t.is(coveredMs([{ from: 10, to: 20 }, { from: 0, to: 5 }, { from: 12, to: 15 }, { from: 18, to: 30 }]), 25);
});

test('from the first beginning to the last end, and the longest of all', (t) => {
	const spans = spansOf(events);
	t.is(extentMs(spans, 'restore'), 400);
	t.is(longestMs(spans, 'restore'), 380);
	t.is(extentMs(spans, 'boot'), undefined);
	t.is(longestMs(spans, 'boot'), undefined);
});

test("the tool's own share is what no guest was waited for", (t) => {
	t.deepEqual(ownShare({ startedAt: 800, ms: 2500, spans: spansOf(events) }), { all: 600, before: 300, after: 300 });
	t.deepEqual(ownShare({ startedAt: 0, ms: 70, spans: [] }), { all: 70, before: 70, after: 0 });
});

test('a machine that goes on after its restore is waited for until its startup begins', (t) => {
	const spans = [
		{ stage: 'restore', node: 'a', from: 0, to: 300 },
		{ stage: 'restore', node: 'b', from: 0, to: 400 },
		{ stage: 'startup', node: 'a', from: 900, to: 2000 },
		{ stage: 'scenario', from: 2500, to: 3000 },
	];
	t.is(ownShare({ startedAt: 0, ms: 4000, spans }).all, 4000 - 2000 - 500);
});

test('a line of the log that is still being written is not read', (t) => {
	t.deepEqual(parseEvents(''), []);
	t.deepEqual(parseEvents(`${JSON.stringify(events[0])}\n{"at":1`), [events[0] as RunEvent]);
});
