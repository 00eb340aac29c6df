/** Runs whose machines are kept running (`--keep`), while they are and after. */
import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { errorOf, resultOf, verdictOf } from '../../../src/outcome/result.js';
import { renderReportPage } from '../../../src/page/write.js';
import { markdownSummary } from '../../../src/report/markdown.js';
import { summary } from '../../../src/report/summary.js';
import { readLog } from './golden.js';

const day = 86_400_000;
const isEnd = ({ type }: RunEvent): boolean => type === 'run-finished';
const kept = readLog('detached');
const detached = kept.at(-1) as RunEvent;
const failed = kept.slice(0, -1);
const passed = readLog('passed').filter((event) => !isEnd(event) && !('stage' in event && event.stage === 'teardown'));

/** A run that is kept after these events, and what became of its machines since. */
const keptAfter = (events: readonly RunEvent[], ...since: readonly RunEventBody[]) => {
	const at = events.at(-1)?.at ?? 0;
	return foldEvents([...events, { ...detached, at }, ...since.map((event): RunEvent => ({ at: at + day, ...event }))]);
};

const teardown: readonly RunEventBody[] = [
	{ type: 'stage-started', stage: 'teardown' },
	{ type: 'stage-finished', stage: 'teardown', status: 'passed', ms: 300 },
	{ type: 'run-finished', ms: day },
];

const options = { color: false, width: 100 };

test('while its machines run, a run has its verdict, and shows how to get into them', async (t) => {
	for (const [events, verdict] of [[passed, 'passed'], [failed, 'failed']] as const) {
		const state = keptAfter(events);
		t.is(verdictOf(state), verdict);
		t.is(errorOf(state), undefined);
		t.regex(summary(state, options), /The machines are still running\n/);
		t.regex(await renderReportPage(state), /rehearse down/);
	}
});

test('what becomes of the machines then changes nothing of it', (t) => {
	const reboot: readonly RunEventBody[] = [
		{ type: 'stage-started', stage: 'reboot', node: 'redis' },
		{ type: 'stage-finished', stage: 'reboot', node: 'redis', status: 'error', ms: 5 },
		{ type: 'notice', node: 'redis', message: 'it rebooted and is not back' },
	];
	for (const more of [[], teardown]) {
		const state = keptAfter(passed, ...reboot, ...more);
		t.is(verdictOf(state), 'passed');
		t.is(errorOf(state), undefined);
		t.regex(summary(state, options), /redis: it rebooted and is not back/);
	}
});

test('once they are gone, nobody is sent there, and the time for which they were kept is none of the run', async (t) => {
	const state = keptAfter(failed, ...teardown);
	t.is(verdictOf(state), 'failed');
	t.is(resultOf(state).ms, 227_339);
	const [text, page, markdown] = [summary(state, options), await renderReportPage(state), markdownSummary(state)];
	for (const report of [text, page]) t.notRegex(report, /still running|rehearse down/);
	for (const report of [text, markdown]) t.regex(report, /failed in 3 min 47 s/);
	t.regex(text, /next +rehearse run .* --keep on-failure/);
	t.notRegex(page, /teardown/);
});

test('a run that goes on is no broken one', (t) => {
	const state = foldEvents(passed.slice(0, -4));
	t.is(verdictOf(state), 'not run');
	const text = summary(state, options);
	t.regex(text, /immich-photo-vault has no verdict yet \(after /);
	t.regex(text, /the event log ends before the run did: it goes on, or was killed \(unfinished\)/);
	t.notRegex(text, /broke/);
});
