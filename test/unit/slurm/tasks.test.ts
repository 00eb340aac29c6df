import test from 'ava';
import fc from 'fast-check';
import { describeTask, isGoing, judge, parseAccounts, parseQueue, rangesOf, type Decision, type TaskReport } from '../../../src/slurm/tasks.js';

const report = (state: string, rest: Partial<TaskReport> = {}): TaskReport => ({ array: 17, index: 3, state, host: 'two', reason: '', ...rest });

test('what squeue prints, as it was seen', (t) => {
	const text = '1|3|PENDING||Resources\n1|1|RUNNING|one|None\n1|2|CANCELLED|two|None\n';
	t.deepEqual(parseQueue(text), [
		{ array: 1, index: 3, state: 'PENDING', host: '', reason: 'Resources' },
		{ array: 1, index: 1, state: 'RUNNING', host: 'one', reason: '' },
		{ array: 1, index: 2, state: 'CANCELLED', host: 'two', reason: '' },
	]);
	t.deepEqual(parseQueue(''), []);
});

test('a job that is no task of an array is none of ours', (t) => {
	t.deepEqual(parseQueue('4|N/A|FAILED||BadConstraints\nslurm_load_jobs error\n'), []);
});

test('what sacct prints', (t) => {
	const text = '17_1|COMPLETED|one\n17_2|CANCELLED by 1000|None assigned\n17_3|NODE_FAIL|two\n17_[4-8]|PENDING|None assigned\n17_1.batch|COMPLETED|one\n';
	t.deepEqual(parseAccounts(text), [
		{ array: 17, index: 1, state: 'COMPLETED', host: 'one', reason: '' },
		{ array: 17, index: 2, state: 'CANCELLED', host: '', reason: '' },
		{ array: 17, index: 3, state: 'NODE_FAIL', host: 'two', reason: '' },
	]);
});

test('how a task stands, for people', (t) => {
	t.is(describeTask(report('PENDING', { host: '', reason: 'Resources' }), 8), 'shard 3 of 8: waits (Resources)');
	t.is(describeTask(report('RUNNING'), 8), 'shard 3 of 8: runs on two');
	t.is(describeTask(report('COMPLETED'), 8), 'shard 3 of 8: has ended on two');
	t.is(describeTask(report('OUT_OF_MEMORY'), 8), 'shard 3 of 8: OUT_OF_MEMORY on two');
});

const judged = test.macro({
	title: (_title, state: string, hasShard: boolean, wasTriedAgain: boolean, expected: string) =>
		`${state}, ${hasShard ? 'with' : 'without'} a result, at the ${wasTriedAgain ? 'second' : 'first'} try: ${expected}`,
	exec(t, state: string, hasShard: boolean, wasTriedAgain: boolean, expected: Decision['is']) {
		t.is(judge(report(state), { hasShard, wasTriedAgain }).is, expected);
	},
});

test(judged, 'PENDING', false, false, 'going');
test(judged, 'RUNNING', false, true, 'going');
// It writes its result last, and is still taking its machines down.
test(judged, 'COMPLETING', true, false, 'going');
test(judged, 'COMPLETED', true, false, 'done');
// The exit status of a shard is that of its verdict.
test(judged, 'FAILED', true, false, 'done');
test(judged, 'NODE_FAIL', true, false, 'done');
test(judged, 'NODE_FAIL', false, false, 'retry');
test(judged, 'NODE_FAIL', false, true, 'broken');
test(judged, 'BOOT_FAIL', false, false, 'retry');
test(judged, 'FAILED', false, false, 'broken');
test(judged, 'CANCELLED', false, false, 'broken');
test(judged, 'TIMEOUT', false, false, 'broken');
test(judged, 'OUT_OF_MEMORY', false, true, 'broken');
test(judged, 'FORGOTTEN', true, false, 'done');
test(judged, 'FORGOTTEN', false, false, 'broken');

test('it is tried again without the host that was lost, and the report says why it broke', (t) => {
	t.deepEqual(judge(report('NODE_FAIL'), { hasShard: false, wasTriedAgain: false }), { is: 'retry', without: 'two' });
	t.deepEqual(judge(report('NODE_FAIL'), { hasShard: false, wasTriedAgain: true }), {
		is: 'broken',
		why: 'job 17_3 on two ended with NODE_FAIL and left no result, as its first try had',
	});
	t.is(judge(report('NODE_FAIL', { host: '' }), { hasShard: false, wasTriedAgain: false }).is, 'broken');
});

test('a state that nobody knows is an end: what it left decides', (t) => {
	t.false(isGoing({ state: 'SOMETHING_NEW' }));
});

test('ranges name every number once', (t) => {
	t.is(rangesOf([1, 2, 3, 5]), '1-3,5');
	t.is(rangesOf([7]), '7');
	t.is(rangesOf([5, 1, 2]), '1-2,5');
	fc.assert(
		fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (indices) => {
			const named = rangesOf(indices).split(',').flatMap((range) => {
				const [first = 0, last = first] = range.split('-').map(Number);
				return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
			});
			t.deepEqual(named, indices.toSorted((a, b) => a - b));
		}),
	);
});
