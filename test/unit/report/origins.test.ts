import test from 'ava';
import type { Origin, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { isCold } from '../../../src/outcome/origins.js';
import { resultOf, verdictOf } from '../../../src/outcome/result.js';
import { originSentences } from '../../../src/report/origins.js';
import { summary } from '../../../src/report/summary.js';

const savedAt = Date.UTC(2026, 10, 23, 4, 12, 33);
const provisioned: Origin = { from: 'checkpoint', kind: 'provisioned', savedAt };
const started: Origin = { from: 'checkpoint', kind: 'started', savedAt };

const began: RunEventBody = {
	type: 'run-started',
	runId: 'r1',
	lab: 'two',
	planSha256: '00',
	nodes: [
		{ name: 'a', scripts: ['setup'] },
		{ name: 'b', scripts: ['setup'] },
	],
	tests: [{ name: 'ports', assertions: [{ type: 'port_listening', onVm: 'a', title: 'port 1' }] }],
	warnings: [],
	runDirectory: '/runs/r1',
};
const origin = (node: string, from: Origin): RunEventBody => ({ type: 'origin', node, origin: from });
const stageEnd = (stage: 'restore' | 'boot' | 'save', node: string, status: 'passed' | 'error'): RunEventBody => ({
	type: 'stage-finished',
	stage,
	node,
	status,
	ms: 350,
});
const script = (node: string): RunEventBody => ({ type: 'script-finished', node, script: 'setup', status: 'passed', exitCode: 0, ms: 5, output: '' });
const assertion: RunEventBody = {
	type: 'assertion-finished',
	test: 'ports',
	index: 0,
	assertion: 'port 1',
	onVm: 'a',
	status: 'passed',
	ms: 5,
	attempts: 1,
};
const ended: RunEventBody = { type: 'run-finished', ms: 1000 };

const fold = (...events: readonly RunEventBody[]) => foldEvents(events.map((event, at) => ({ at, ...event })));
const text = (state: ReturnType<typeof fold>) => summary(state, { color: false, width: 200 });

test('all booted: cold', (t) => {
	const state = fold(began, origin('a', { from: 'power-on' }), origin('b', { from: 'power-on' }));
	t.true(isCold(state));
	t.true(resultOf(state).cold);
	t.deepEqual(originSentences(state), ['all booted']);
});

test('a run without machines, or with only some, is not cold', (t) => {
	t.false(isCold(fold(began)));
	t.false(resultOf(fold(began, origin('a', { from: 'power-on' }))).cold);
});

test('the result reports what each node came from, and from when', (t) => {
	const why = 'packages changed';
	const state = fold(began, origin('a', provisioned), origin('b', { from: 'power-on', why }), stageEnd('restore', 'a', 'passed'));
	t.false(resultOf(state).cold);
	t.deepEqual(
		resultOf(state).nodes.map((node) => node.origin),
		[
			{ from: 'checkpoint', kind: 'provisioned', saved_at: '2026-11-23T04:12:33.000Z' },
			{ from: 'power-on', why },
		],
	);
	const shown = text(state);
	t.regex(shown, /b booted: packages changed/);
	t.regex(shown, /a restored as they were before their startup scripts, saved 2026-11-23 04:12:33 UTC/);
	t.regex(shown, /a +restored in 350 ms/);
});

test('a node that could not be restored was booted, and its restore decides nothing', (t) => {
	const state = fold(
		began,
		origin('a', provisioned),
		stageEnd('restore', 'a', 'error'),
		origin('a', { from: 'power-on', why: 'its checkpoint was of no use' }),
		stageEnd('boot', 'a', 'passed'),
		origin('b', provisioned),
		stageEnd('restore', 'b', 'passed'),
		...['a', 'b'].map(script),
		assertion,
		ended,
	);
	t.is(verdictOf(state), 'passed');
	t.regex(text(state), /a +booted in 350 ms/);
});

test('a checkpoint that could not be made decides nothing either', (t) => {
	const state = fold(began, stageEnd('boot', 'a', 'passed'), stageEnd('save', 'a', 'error'), ...['a', 'b'].map(script), assertion, ended);
	t.is(verdictOf(state), 'passed');
});

test('a boot that failed does', (t) => {
	const state = fold(began, stageEnd('boot', 'a', 'error'), ...['a', 'b'].map(script), assertion, ended);
	t.is(verdictOf(state), 'error');
});

test('scripts of nodes restored as started were not to run, and are not reported as passed', (t) => {
	const run = [began, origin('a', started), stageEnd('restore', 'a', 'passed'), origin('b', provisioned), stageEnd('restore', 'b', 'passed')];
	const state = fold(...run, script('b'), assertion, ended);
	t.is(verdictOf(state), 'passed');
	const [a, b] = resultOf(state).nodes;
	t.like(a, { status: 'passed', startup: [{ script: 'setup', status: 'not run' }] });
	t.like(b, { status: 'passed', startup: [{ script: 'setup', status: 'passed' }] });
	t.regex(text(state), /scripts +1 of 1 passed/);
	t.regex(text(state), /a +restored in 350 ms +setup +not run again/);
	t.is(verdictOf(fold(...run, assertion, ended)), 'error', "b's was to run");
});

test('the scenario alone', (t) => {
	const restored = ['a', 'b'].flatMap((node) => [origin(node, started), stageEnd('restore', node, 'passed')]);
	t.is(verdictOf(fold(began, ...restored, assertion, ended)), 'passed');
	t.is(verdictOf(fold(began, ...restored, { ...assertion, status: 'failed' } as RunEventBody, ended)), 'failed');
	t.is(verdictOf(fold(began, ...restored, ended)), 'error');
});
