import test from 'ava';
import fc from 'fast-check';
import { summarise } from '../../bench/statistics.js';

test('nothing comes to nothing', (t) => {
	t.is(summarise([]), undefined);
});

test('of an odd number the middle one, of an even number what is between the middle two', (t) => {
	t.deepEqual(summarise([7]), { median: 7, min: 7, max: 7, runs: 1 });
	t.deepEqual(summarise([9, 1, 5]), { median: 5, min: 1, max: 9, runs: 3 });
	t.deepEqual(summarise([10, 1, 4, 2]), { median: 3, min: 1, max: 10, runs: 4 });
});

test('the order of the runs does not matter, and they stay as they are', (t) => {
	fc.assert(
		fc.property(fc.array(fc.double({ min: 0, max: 1e15, noNaN: true }), { minLength: 1 }), (values) => {
			const before = [...values];
			const summary = summarise(values);
			t.deepEqual(summarise(values.toReversed()), summary);
			t.deepEqual(values, before);
			t.true(summary !== undefined && summary.min <= summary.median && summary.median <= summary.max);
		}),
	);
});
