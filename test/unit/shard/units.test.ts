import test from 'ava';
import fc from 'fast-check';
import { divide, shardsFor, unitKey, unitsOf, type LabWork } from '../../../src/shard/units.js';

const work = (lab: string, rest: Partial<LabWork> = {}): LabWork => ({ lab, planSha256: 'a', robustness: [], ...rest });

test('the units of a lab', (t) => {
	t.deepEqual(unitsOf(work('web')).map(unitKey), ['web/plain']);
	t.deepEqual(unitsOf(work('web', { robustness: ['twice', 'reboot'], shuffle: { count: 2, seed: 1 } })).map(unitKey), [
		'web/plain',
		'web/twice',
		'web/reboot',
		'web/order-1',
		'web/order-2',
	]);
});

const works = fc.uniqueArray(
	fc.record({
		lab: fc.constantFrom('a', 'b', 'c', 'd'),
		robustness: fc.subarray(['twice', 'reboot'] as const),
		count: fc.nat(12),
	}),
	{ minLength: 1, selector: ({ lab }) => lab },
);

test('every unit is in one shard, however many shards there are and whatever the times say', (t) => {
	fc.assert(
		fc.property(works, fc.integer({ min: 1, max: 20 }), fc.dictionary(fc.constantFrom('a/plain', 'a/order-1', 'b/twice', 'z/plain'), fc.nat(1e6)), (all, total, times) => {
			const asked = all.map(({ lab, robustness, count }) => work(lab, { robustness, ...(count > 0 ? { shuffle: { count, seed: 1 } } : {}) }));
			const shards = divide(asked, total, times);
			t.is(shards.length, total);
			t.deepEqual(shards.flat().map(unitKey).sort(), asked.flatMap(unitsOf).map(unitKey).sort());
		}),
	);
});

test('shards with nothing measured take as long as each other', (t) => {
	const sizes = divide([work('web', { shuffle: { count: 32, seed: 1 } })], 8).map((units) => units.filter(({ name }) => name !== 'plain').length);
	t.deepEqual(sizes, [4, 4, 4, 4, 4, 4, 4, 4]);
});

test('the longest lab does not begin last: of three, one that takes as long as the others together has a shard of its own', (t) => {
	const labs = [work('short'), work('other'), work('long')];
	const shards = divide(labs, 2, { 'short/plain': 10_000, 'other/plain': 10_000, 'long/plain': 20_000 });
	t.deepEqual(shards.map((units) => units.map(({ lab }) => lab)), [['long'], ['short', 'other']]);
});

test('a shard that would save nothing has nothing to do', (t) => {
	const times = { 'web/plain': 100_000, 'web/order-1': 1000, 'web/order-2': 1000 };
	const shards = divide([work('web', { shuffle: { count: 2, seed: 1 } })], 3, times);
	t.deepEqual(shards.map((units) => units.length), [2, 1, 0]);
});

test('where nobody says, there is a shard a lab, and one for every eight orders', (t) => {
	t.is(shardsFor([work('web')]), 1);
	t.is(shardsFor([work('a'), work('b'), work('c', { robustness: ['twice'] })]), 3);
	t.is(shardsFor([work('web', { shuffle: { count: 8, seed: 1 } })]), 1);
	t.is(shardsFor([work('web', { shuffle: { count: 256, seed: 1 } })]), 32);
	t.is(shardsFor([work('web', { shuffle: { count: 1000, seed: 1 } }), work('b')]), 126);
});
