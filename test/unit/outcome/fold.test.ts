import test from 'ava';
import fc from 'fast-check';

import type { RunEvent, RunEventBody, Status } from '../../../src/lab/events.js';
import { emptyRun, foldEvent, foldEvents } from '../../../src/outcome/fold.js';
import { exitCodeOf, nodeStatus, resultOf, testStatus, verdictOf, type Verdict } from '../../../src/outcome/result.js';
import { junitXml } from '../../../src/report/junit.js';
import { summary } from '../../../src/report/summary.js';
import { logNames, readLog } from '../report/golden.js';

const started: RunEventBody = {
	type: 'run-started',
	runId: 'r1',
	lab: 'two',
	planSha256: '00',
	nodes: [
		{ name: 'a', scripts: ['first', 'second'] },
		{ name: 'b', scripts: [] },
	],
	tests: [
		{
			name: 'ports',
			assertions: [
				{ type: 'port_listening', onVm: 'a', title: 'port 1' },
				{ type: 'port_listening', onVm: 'b', title: 'port 2' },
			],
		},
	],
	warnings: [],
	runDirectory: '/runs/r1',
};
const script = (name: string, status: 'passed' | 'failed' | 'timed-out'): RunEventBody => ({
	type: 'script-finished',
	node: 'a',
	script: name,
	status,
	ms: 5,
	output: '',
	...(status === 'timed-out' ? {} : { exitCode: status === 'passed' ? 0 : 3 }),
});
const assertion = (index: number, status: Status): RunEventBody => ({
	type: 'assertion-finished',
	test: 'ports',
	index,
	assertion: `port ${index + 1}`,
	onVm: index === 0 ? 'a' : 'b',
	status,
	ms: 5,
	attempts: 1,
});
const boot = (node: string, status: Status, detail = ''): RunEventBody => ({
	type: 'stage-finished',
	stage: 'boot',
	node,
	status,
	ms: 9,
	detail,
});
const error = (code: string, exitCode: number, node?: string): RunEventBody => ({
	type: 'error',
	error: { code, message: code, exitCode, node },
});
const finished: RunEventBody = { type: 'run-finished', ms: 100 };
/** Everything that `started` announces has passed, but for the second assertion and the end of the run. */
const good = [
	started,
	boot('a', 'passed'),
	boot('b', 'passed'),
	script('first', 'passed'),
	script('second', 'passed'),
	assertion(0, 'passed'),
];
const allGood = [...good, assertion(1, 'passed')];
const withoutChecks: RunEventBody = { ...started, nodes: [], tests: [] };
const bareNode: RunEventBody = { ...started, nodes: [{ name: 'a', scripts: [] }], tests: [] };

const log = (bodies: readonly RunEventBody[]): RunEvent[] => bodies.map((body, index) => ({ at: 1000 + index, ...body }));

type Judgement = [bodies: readonly RunEventBody[], verdict: Verdict, exitCode: number, errorCode?: string];
const scenarioFailed: RunEventBody = { type: 'stage-finished', stage: 'scenario', status: 'failed', ms: 9 };

const judges = test.macro<Judgement>((t, bodies, verdict, exitCode, errorCode) => {
	const result = resultOf(foldEvents(log(bodies)));
	t.is(result.verdict, verdict);
	t.is(exitCodeOf(result), exitCode);
	t.is(result.error?.code, errorCode);
});

test('all passed and finished: passed', judges, [...allGood, finished], 'passed', 0);
test('all passed but not finished: not run', judges, allGood, 'not run', 4, 'unfinished');
test('an assertion that nobody came to: error', judges, [...good, finished], 'error', 4, 'incomplete');
test('scripts that nobody came to: error', judges, [started, assertion(0, 'passed'), assertion(1, 'passed'), finished], 'error', 4, 'incomplete');
test('an assertion failed', judges, [...good, assertion(1, 'failed'), finished], 'failed', 1);
test('an assertion failed, the log breaks off', judges, [...good, assertion(1, 'failed')], 'failed', 1);
test('a script failed', judges, [...allGood, script('second', 'failed'), finished], 'failed', 1);
test('a script ran out of time', judges, [...allGood, script('second', 'timed-out'), finished], 'failed', 1);
test('a node failed to be provisioned', judges, [...allGood, boot('b', 'failed'), finished], 'failed', 1);
test('an assertion could not be judged', judges, [...good, assertion(1, 'error'), finished], 'error', 4, 'not-judged');
test('an assertion could not be judged, so that its scenario did not pass', judges, [...good, assertion(1, 'error'), scenarioFailed, finished], 'error', 4, 'not-judged');
test('an assertion failed, another could not be judged', judges, [...good, assertion(0, 'failed'), assertion(1, 'error'), scenarioFailed, finished], 'failed', 1);
test('an error after a failure', judges, [...good, assertion(1, 'failed'), error('memory', 3), finished], 'error', 3, 'memory');
test('an error after everything passed', judges, [...allGood, error('internal', 4), finished], 'error', 4, 'internal');
test('the first error decides', judges, [started, error('interrupted', 130), error('internal', 4)], 'error', 130, 'interrupted');
test('an error never gives exit status 0', judges, [started, error('odd', 0), finished], 'error', 4, 'odd');
test('a run that proves nothing', judges, [withoutChecks, finished], 'error', 4, 'incomplete');
test('a lab without checks that boots', judges, [bareNode, boot('a', 'passed'), finished], 'passed', 0);

test('the node of an error is the one that is in error', (t) => {
	const state = foldEvents(log([...good, error('machine-panicked', 4, 'b')]));
	t.deepEqual(state.nodes.map((node) => nodeStatus(state, node)), ['passed', 'error']);
});

test('the summary quotes what a node wrote that failed to come up', (t) => {
	const state = foldEvents(log([...good, boot('b', 'failed', 'cloud-init: no such user'), finished]));
	const text = summary(state, { color: false, width: 80 });
	t.regex(text, /✖ b +boot failed after 9 ms.*\n +│ cloud-init: no such user\n/);
});

test('what was open when an error came is closed by it, as far as it was at fault', (t) => {
	const state = foldEvents(
		log([
			started,
			{ type: 'stage-started', stage: 'boot' },
			{ type: 'stage-started', stage: 'boot', node: 'a' },
			{ type: 'stage-started', stage: 'boot', node: 'b' },
			error('machine-panicked', 4, 'b'),
		]),
	);
	t.deepEqual(
		state.stages.map(({ node, status, ms }) => [node, status, ms]),
		[
			[undefined, 'error', 3],
			['a', 'not run', 2],
			['b', 'error', 1],
		],
	);
});

test('an assertion that does not hold so far is not run, with what was seen, until it has an outcome', (t) => {
	const waiting = (at: number, message: string): RunEvent => ({
		...{ at, type: 'assertion-waiting', test: 'ports', index: 1, assertion: 'port 2', onVm: 'b' },
		...{ attempts: 3, message, leftMs: 500 },
	});
	const before = foldEvents([...log([...good]), waiting(2000, 'saw nothing'), waiting(2100, 'saw little')]);
	t.deepEqual(before.tests[0]?.assertions[1], {
		...{ type: 'port_listening', onVm: 'b', title: 'port 2' },
		waiting: { attempts: 3, message: 'saw little', until: 2600 },
	});
	const [, reported] = resultOf(before).tests[0]?.assertions ?? [];
	t.deepEqual(reported, { type: 'port_listening', on_vm: 'b', status: 'not run', ms: 0, attempts: 3, message: 'saw little' });
	t.regex(summary(before, { color: false, width: 80 }), /– b +undecided +port 2\n +saw little\n +tried 3 times\n/);

	const after = [{ at: 2200, ...assertion(1, 'passed') }, waiting(2300, 'late')].reduce(foldEvent, before);
	t.deepEqual(after.tests[0]?.assertions[1]?.waiting, undefined);
	t.is(after.tests[0]?.assertions[1]?.outcome?.status, 'passed');
	// In the scenario of a robustness check it is no news of the first one.
	t.is(foldEvent(before, { ...waiting(2300, 'again'), after: 'twice' } as RunEvent).tests, before.tests);
});

test('two tests of one name keep their outcomes apart', (t) => {
	const twins = { name: 'ports', assertions: [{ type: 'port_listening', onVm: 'a', title: 'port 1' }] };
	const state = foldEvents(log([{ ...started, tests: [twins, twins] }, assertion(0, 'passed'), assertion(0, 'failed')]));
	t.deepEqual(state.tests.map(testStatus), ['passed', 'failed']);
});

test('progress on a node is kept as progress of a stage that has no parts', (t) => {
	const state = foldEvents(
		log([
			{ type: 'stage-started', stage: 'images' },
			{ type: 'stage-progress', stage: 'images', node: 'a', detail: 'unpacking' },
		]),
	);
	t.deepEqual(state.stages.map(({ name, node, detail }) => [name, node, detail]), [['images', undefined, 'a: unpacking']]);
});

test('progress on several nodes is that of each part that is under way, and of the stage', (t) => {
	const state = foldEvents(
		log([
			{ type: 'stage-started', stage: 'images' },
			{ type: 'stage-started', stage: 'images', node: 'a' },
			{ type: 'stage-started', stage: 'images', node: 'b' },
			{ type: 'stage-progress', stage: 'images', nodes: ['a', 'b', 'c'], detail: 'unpacking' },
			{ type: 'stage-finished', stage: 'images', node: 'b', status: 'passed', ms: 1 },
			{ type: 'stage-progress', stage: 'images', nodes: ['b'], detail: 'late news' },
		]),
	);
	t.deepEqual(state.stages.map(({ name, node, detail }) => [name, node, detail]), [
		['images', undefined, 'b: late news'],
		['images', 'a', 'unpacking'],
		['images', 'b', undefined],
	]);
});

test('events that a newer version writes change nothing', (t) => {
	const events = readLog('passed');
	const newer = { at: 1, type: 'of-the-future', node: 'redis' } as unknown as RunEvent;
	t.deepEqual(resultOf(foldEvents(events.flatMap((event) => [event, { ...newer, at: event.at }]))), resultOf(foldEvents(events)));
});

test('the fold changes neither of its arguments', (t) => {
	const events = readLog('detached');
	let state = Object.freeze(emptyRun());
	for (const event of events) state = Object.freeze(foldEvent(state, deepFrozen(event)));
	t.is(verdictOf(state), 'failed');
});

test('no prefix of a log passes before its run is finished, or its lab kept running', (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.constantFrom(...logNames), fc.nat(), (name, length) => {
				const events = readLog(name);
				const prefix = events.slice(0, length % (events.length + 1));
				const result = resultOf(foldEvents(prefix));
				return result.verdict !== 'passed' || prefix.some(({ type }) => type === 'run-finished' || type === 'detached');
			}),
		),
	);
});

test('any events in any order can be folded and reported, and pass only with everything passed', (t) => {
	const events = fc.shuffledSubarray(logNames.flatMap((name) => readLog(name)), { maxLength: 60 });
	t.notThrows(() =>
		fc.assert(
			fc.property(events, (shuffled) => {
				const state = foldEvents(shuffled);
				const result = resultOf(state);
				summary(state, { color: false, width: 80 });
				junitXml(state);
				const statuses = result.tests.flatMap(({ assertions }) => assertions.map(({ status }) => status));
				return result.verdict !== 'passed' || (exitCodeOf(result) === 0 && statuses.every((status) => status === 'passed'));
			}),
			{ numRuns: 60 },
		),
	);
});

function deepFrozen<T extends object>(value: T): T {
	for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFrozen(inner as object);
	return Object.freeze(value);
}

/** A lab that is kept running, with a node whose only startup script ran from 1000 to 2000. */
const staying: readonly RunEvent[] = [
	{ ...{ at: 0, type: 'run-started', runId: 'r', lab: 'l', planSha256: '', tests: [], warnings: [], runDirectory: '' }, nodes: [{ name: 'web', scripts: ['setup'] }] },
	{ at: 1000, type: 'script-started', node: 'web', script: 'setup' },
	{ at: 2000, type: 'script-finished', node: 'web', script: 'setup', status: 'passed', ms: 1000, output: '' },
];

test('a resolver that asks every second for weeks is one record, and who asks something else has his own', (t) => {
	const asks = (name: string, seenAt: number): RunEvent => ({
		...{ at: seenAt + 1000, type: 'outbound-connection', node: 'web', seenAt, protocol: 'udp', address: '1.1.1.1', port: 53, count: 1 },
		question: { name, type: 'A' },
	});
	const during = [1100, 1500].map((seenAt) => asks('a.example.org', seenAt));
	const later = Array.from({ length: 100_000 }, (_, index) => asks(index % 2 === 0 ? 'a.example.org' : 'b.example.org', 3000 + index * 1000));
	const { outbound } = foldEvents([...staying, ...during, ...later]);
	t.deepEqual(
		outbound.map(({ seenAt, count, question }) => [question?.name, seenAt, count]),
		[['a.example.org', 1100, 1], ['a.example.org', 1500, 1], ['a.example.org', 3000, 50_000], ['b.example.org', 4000, 50_000]],
	);
});

test('a script that tries the same for ever has its records counted', (t) => {
	const asks = (seenAt: number): RunEvent => ({ at: seenAt, type: 'outbound-connection', node: 'web', seenAt, protocol: 'icmp', address: '192.0.2.7', count: 1 });
	const { outbound } = foldEvents([...staying.slice(0, 2), ...Array.from({ length: 30_000 }, (_, index) => asks(1000 + index))]);
	t.true(outbound.length <= 10_000);
	t.is(outbound.reduce((sum, { count }) => sum + count, 0), 30_000);
});

test('a machine that begins anew again and again fills no memory with notices, and that is reported', (t) => {
	const notice: RunEvent = { at: 3000, type: 'notice', node: 'web', message: 'web: it was rebooted from within' };
	const { notices } = foldEvents([...staying, ...Array.from({ length: 50_000 }, () => notice)]);
	t.is(notices.length, 1001);
	t.is(notices.at(-1)?.message, 'further notices are in the event log alone');
});
