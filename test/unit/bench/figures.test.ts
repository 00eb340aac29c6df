import test from 'ava';
import { isMet, resultsOf, type Values } from '../../bench/figures.js';

const byHand = { name: 'by-hand', figures: { wall: { title: 'by hand', unit: 'ms', comparable: true } } } as const;
const stock = { name: 'stock', figures: { wall: { title: 'stock', unit: 'ms', comparable: true } } } as const;
const warm = {
	name: 'warm',
	figures: {
		wall: { title: 'warm', unit: 'ms', comparable: true, target: { ofByHand: 1 / 8, atMost: 30 } },
		share: { title: 'own share', unit: 'ms', target: { atMost: 1 } },
		memory: { title: 'memory', unit: 'bytes' },
	},
} as const;

const runs = (entries: Readonly<Record<string, readonly Values[]>>) => new Map(Object.entries(entries));

test('figures are compared with the median of the baseline', (t) => {
	const results = resultsOf(
		[byHand, warm],
		runs({
			'by-hand': [{ wall: 200 }, { wall: 160 }, { wall: 900 }],
			warm: [{ wall: 20, share: 2, memory: 5 }, { wall: 40, share: 1 }, { wall: 25, share: 0.5 }],
		}),
	);
	t.deepEqual(
		results.map(({ title, summary, ofByHand, met }) => [title, summary.median, ofByHand, met]),
		[
			['by hand', 200, 1, undefined],
			['warm', 25, 1 / 8, true],
			['own share', 1, undefined, true],
			['memory', 5, undefined, undefined],
		],
	);
});

test('each baseline that was measured is compared with', (t) => {
	const results = resultsOf([byHand, stock, warm], runs({ 'by-hand': [{ wall: 100 }], stock: [{ wall: 400 }], warm: [{ wall: 20 }] }));
	t.deepEqual(results.map(({ title, ofByHand, ofStock }) => [title, ofByHand, ofStock]), [['by hand', 1, 0.25], ['stock', 4, 1], ['warm', 0.2, 0.05]]);
});

test('without the baseline there is no comparison, and what has no values is left out', (t) => {
	const results = resultsOf([byHand, warm], runs({ warm: [{ wall: 25 }] }));
	t.deepEqual(results.map(({ figure, ofByHand, met }) => [figure, ofByHand, met]), [['wall', undefined, undefined]]);
});

test('several values of one run count as several', (t) => {
	const [result] = resultsOf([warm], runs({ warm: [{ memory: [1, 2, 3] }, { memory: 10 }] }));
	t.deepEqual(result?.values, [1, 2, 3, 10]);
	t.is(result?.summary.runs, 4);
});

test('a target that has several parts is met when all are', (t) => {
	const target = { ofByHand: 0.5, atMost: 30 };
	t.true(isMet(30, { ofByHand: 0.5 }, target));
	t.false(isMet(31, { ofByHand: 0.1 }, target));
	t.false(isMet(10, { ofByHand: 0.51 }, target));
	t.is(isMet(10, {}, target), undefined);
	t.false(isMet(31, {}, target), 'too much is too much, whatever the baseline');
	t.is(isMet(10, { ofByHand: 0.1 }, undefined), undefined);
	t.true(isMet(10, {}, { atMost: 10 }));
	const two = { ofByHand: 1 / 8, ofStock: 1 / 10 };
	t.true(isMet(1, { ofByHand: 1 / 8, ofStock: 1 / 10 }, two));
	t.false(isMet(1, { ofByHand: 1 / 8, ofStock: 1 / 9 }, two));
	t.is(isMet(1, { ofByHand: 1 / 8 }, two), undefined, 'one of them was not measured');
	t.false(isMet(1, { ofStock: 1 / 9 }, two), 'nor does it matter where the other is missed');
});
