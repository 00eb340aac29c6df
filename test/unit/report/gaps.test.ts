/** What a rehearsal does without, and what it cannot judge, is in every report; neither fails a lab. */
import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { emptyRun, foldEvent, foldEvents } from '../../../src/outcome/fold.js';
import { exitCodeOf, resultOf, testStatus } from '../../../src/outcome/result.js';
import { junitXml } from '../../../src/report/junit.js';
import { eventLine } from '../../../src/report/plain.js';
import { summary } from '../../../src/report/summary.js';

const why = 'www.example.org is in the world outside, which a rehearsal does not have';
const started: RunEventBody = {
	type: 'run-started',
	runId: 'r',
	lab: 'gaps',
	planSha256: '00',
	nodes: [{ name: 'web', scripts: [] }],
	tests: [
		{
			name: 'mixed',
			assertions: [
				{ type: 'port_listening', onVm: 'web', title: 'port 80 listens' },
				{ type: 'network_reachable', onVm: 'web', title: 'www.example.org is reachable', notJudged: why },
			],
		},
		{ name: 'world', assertions: [{ type: 'network_reachable', onVm: 'web', title: 'www.example.org is reachable', notJudged: why }] },
	],
	warnings: [],
	leftOut: [{ path: 'nodes[0].recipe.desktop', why: 'there is no desktop' }],
	runDirectory: '/runs/r',
};
const assertion = (status: 'passed' | 'failed'): RunEventBody => ({
	type: 'assertion-finished',
	test: 'mixed',
	index: 0,
	assertion: 'port 80 listens',
	onVm: 'web',
	status,
	ms: 5,
	attempts: 1,
	...(status === 'failed' ? { message: 'it does not' } : {}),
});
const booted: RunEventBody = { type: 'stage-finished', stage: 'boot', node: 'web', status: 'passed', ms: 1000 };
const fold = (...bodies: readonly RunEventBody[]) => foldEvents(bodies.map((body, index): RunEvent => ({ at: 1000 + index, ...body })));
const passed = fold(started, booted, assertion('passed'), { type: 'run-finished', ms: 2000 });

test('an assertion that is not judged has neither passed nor failed', (t) => {
	const result = resultOf(passed);
	t.is(result.verdict, 'passed');
	t.deepEqual(
		result.tests.map(({ name, status, assertions }) => [name, status, assertions.map((one) => [one.status, one.message])]),
		[
			['mixed', 'passed', [['passed', undefined], ['not judged', why]]],
			['world', 'not judged', [['not judged', why]]],
		],
	);
	t.deepEqual(passed.tests.map(testStatus), ['passed', 'not judged']);
});

test('it costs the exit status only of a strict run', (t) => {
	t.is(exitCodeOf(resultOf(passed)), 0);
	t.is(exitCodeOf(resultOf(passed), true), 1);
	const failed = fold(started, booted, assertion('failed'), { type: 'run-finished', ms: 2000 });
	t.deepEqual([exitCodeOf(resultOf(failed)), exitCodeOf(resultOf(failed), true)], [1, 1]);
	const unfinished = fold(started, booted, { type: 'run-finished', ms: 2000 });
	t.is(resultOf(unfinished).verdict, 'error', 'what was never reached is still missing');
});

test('a lab of which nothing can be judged passes when its machines come up', (t) => {
	const world: RunEventBody = { ...started, tests: started.tests.slice(1) };
	t.is(resultOf(fold(world, booted, { type: 'run-finished', ms: 1 })).verdict, 'passed');
	t.is(resultOf(fold({ ...world, nodes: [] }, { type: 'run-finished', ms: 1 })).verdict, 'passed', 'and tests alone');
});

test('the summary has both', (t) => {
	const text = summary(passed, { color: false, width: 100 });
	t.regex(text, /✔ mixed {2}1 of 2 passed, 1 not judged here/);
	t.regex(text, /\? world {2}1 not judged here/);
	t.regex(text, /\? web .*www\.example\.org is reachable\n.*www\.example\.org is in the world outside/);
	t.regex(text, /assertions +1 of 3 passed, 2 not judged here/);
	t.regex(text, /Left out of the rehearsal\n {2}– nodes\[0\]\.recipe\.desktop: there is no desktop/);
});

test('so do the result object, the lines and JUnit', (t) => {
	t.deepEqual(resultOf(passed).left_out, [{ path: 'nodes[0].recipe.desktop', why: 'there is no desktop' }]);
	t.regex(eventLine({ at: 0, ...started }, 0) ?? '', /left out: nodes\[0\]\.recipe\.desktop$/);
	const xml = junitXml(passed);
	t.regex(xml, /<property name="left_out" value="nodes\[0\]\.recipe\.desktop: there is no desktop"\/>/);
	t.regex(xml, /not judged: www\.example\.org/);
	t.is(xml.match(/<skipped/g)?.length, 2);
});

test('a plan that leaves nothing out has an empty list in the result, and nothing in the summary', (t) => {
	const { leftOut: _, ...whole } = started;
	const state = foldEvent(emptyRun(), { at: 0, ...whole });
	t.deepEqual(resultOf(state).left_out, []);
	t.notRegex(summary(state, { color: false, width: 100 }), /Left out/);
});

test('robustness checks do not wait for what is not judged', (t) => {
	const proving = fold({ ...started, robustness: ['reboot'] }, booted, assertion('passed'), { type: 'machine-restarted', node: 'web', ms: 1, missing: [] }, { ...assertion('passed'), after: 'reboot' } as RunEventBody, { type: 'run-finished', ms: 2000 });
	t.is(resultOf(proving).reboot?.status, 'passed');
	t.is(resultOf(proving).verdict, 'passed');
});

test('a startup script that is not fit for a second boot has a line in plain progress', (t) => {
	const restarted = { at: 1000, type: 'machine-restarted', node: 'redis', ms: 5, missing: [] } as const;
	const script = { node: 'redis', script: 'setup', exitCode: 1, ms: 1, output: '' } as const;
	t.is(eventLine(restarted, 0), undefined);
	t.is(eventLine({ ...restarted, scripts: [{ ...script, status: 'passed' }] }, 0), undefined);
	t.regex(eventLine({ ...restarted, scripts: [{ ...script, status: 'failed' }] }, 0) ?? '', /redis: not fit for a second boot: startup script setup$/);
});
