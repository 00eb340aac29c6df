import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { eventLine } from '../../../src/report/plain.js';
import { soFarLines, statusIn } from '../../../src/report/so-far.js';
import type { RunState } from '../../../src/outcome/state.js';
import { painter } from '../../../src/report/text.js';

const plain = painter(false);
const titles = ['port 6379/tcp listens', 'port 9121/tcp listens', 'output of `redis-cli -h 10.71.0.40 ping | grep -q PONG`'];

const named = (index: number) => ({ test: 'Works', index, assertion: titles[index] ?? '', onVm: 'redis' });
const waiting = (index: number, leftMs = 31_000): RunEventBody => ({
	...{ type: 'assertion-waiting', ...named(index), attempts: 1, leftMs },
	message: `expected ${titles[index]}, saw listeners on 22, 53, 5355 only`,
});
const finished = (index: number, status: 'passed' | 'failed'): RunEventBody => ({
	...{ type: 'assertion-finished', ...named(index), status, ms: 5, attempts: 1 },
	...(status === 'passed' ? {} : { message: 'expected it, saw nothing' }),
});

/** A run whose scenario has come as far as that. */
const run = (...bodies: readonly RunEventBody[]): RunState =>
	foldEvents(
		[
			{
				type: 'run-started',
				...{ runId: 'r', lab: 'web', planSha256: '0', runDirectory: '/runs/r', warnings: [], nodes: [] },
				tests: [{ name: 'Works', assertions: titles.map((title) => ({ type: 'port_listening', onVm: 'redis', title })) }],
			} satisfies RunEventBody,
			{ type: 'stage-started', stage: 'scenario' } satisfies RunEventBody,
			...bodies,
		].map((body): RunEvent => ({ at: 1000, ...body })),
	);

const ended: RunEventBody = { type: 'stage-finished', stage: 'scenario', status: 'passed', ms: 1 };
const last = run(finished(0, 'passed'), finished(1, 'failed'), finished(2, 'passed'), ended);

test('what does not hold so far, with what was seen and how long it will be tried', (t) => {
	const state = run(finished(0, 'passed'), waiting(1));
	t.deepEqual(soFarLines(state, undefined, 2500, 90, plain), [
		'… redis: port 9121/tcp listens  tried for another 30 s',
		'    expected port 9121/tcp listens, saw listeners on 22, 53, 5355 only',
	]);
	t.deepEqual(soFarLines(state, undefined, 99_000, 90, plain).slice(0, 1), ['… redis: port 9121/tcp listens  tried for the last time']);
});

test('against the run before: what fails only now comes first, then what holds again', (t) => {
	t.deepEqual(soFarLines(run(waiting(1), waiting(2)), last, 1000, 79, plain), [
		'… redis: output of `redis-cli -h 10.71.0.…  held before, tried for another 31 s',
		'    expected output of `redis-cli -h 10.71.0.40 ping | grep -q PONG`, saw list…',
		'… redis: port 9121/tcp listens  failed before too, tried for another 31 s',
		'    expected port 9121/tcp listens, saw listeners on 22, 53, 5355 only',
	]);
	t.deepEqual(soFarLines(run(finished(0, 'failed'), finished(1, 'passed'), finished(2, 'passed')), last, 1000, 79, plain), [
		'✖ redis: port 6379/tcp listens  held before',
		'    expected it, saw nothing',
		'✔ redis: port 9121/tcp listens  holds again',
	]);
});

test('nothing before the scenario and after it', (t) => {
	t.deepEqual(soFarLines(foldEvents([]), last, 0, 80, plain), []);
	t.deepEqual(soFarLines(run(finished(0, 'failed'), waiting(1), ended), last, 0, 80, plain), []);
});

test('many are counted, and no line is wider than it may be', (t) => {
	const many = Array.from({ length: 8 }, (_none, index) => index);
	const state = run(...many.map((index): RunEventBody => ({ ...waiting(1), ...named(1), index } as RunEventBody)));
	for (const width of [118, 78, 30, 12]) {
		const lines = soFarLines(state, undefined, 1000, width, plain);
		t.is(lines.length, 11);
		t.true(lines.every((line) => line.length <= width), lines.join('\n'));
		t.is(lines.at(-1), '  and 3 more');
	}
});

test('a line of a log', (t) => {
	const line = (body: RunEventBody, before?: RunState) => eventLine({ at: 3000, ...body }, 1000, before);
	const reported = 'Works › redis: port 6379/tcp listens: expected port 6379/tcp listens, saw listeners on 22, 53, 5355 only';
	t.is(line(waiting(0)), `[   2.0s] does not hold so far (tried for another 31.0 s): ${reported}`);
	t.is(line(waiting(0), last), `[   2.0s] does not hold so far (held before, tried for another 31.0 s): ${reported}`);
	t.is(line({ ...waiting(0), assertion: 'other' } as RunEventBody, last)?.slice(10, 64), 'does not hold so far (new, tried for another 31.0 s): ');
});

test('how an assertion came out', (t) => {
	t.is(statusIn(last, { test: 'Works', onVm: 'redis', title: titles[1] ?? '' }), 'failed');
	t.is(statusIn(run(waiting(0)), { test: 'Works', onVm: 'redis', title: titles[0] ?? '' }), 'not run');
	t.is(statusIn(last, { test: 'Works', onVm: 'other', title: titles[1] ?? '' }), undefined);
});
