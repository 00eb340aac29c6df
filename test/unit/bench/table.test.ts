import test from 'ava';
import { formatPart, formatTarget, formatValue, renderTable } from '../../bench/table.js';

test('values in their units', (t) => {
	t.is(formatValue(98_100, 'ms'), '1 min 38 s');
	t.is(formatValue(350, 'ms'), '350 ms');
	t.is(formatValue(316_900_000, 'bytes'), '317 MB');
	t.is(formatValue(2.2e9, 'bytes'), '2.20 GB');
	t.is(formatValue(8.25, 'cpu-seconds'), '8.3 CPU s');
	t.is(formatValue(212.4, 'cpu-seconds'), '212 CPU s');
});

test('parts of the baseline', (t) => {
	t.is(formatPart(0.5), '1/2');
	t.is(formatPart(1 / 7.94), '1/7.9');
	t.is(formatPart(1), '1×');
	t.is(formatPart(1.24), '1.2×');
});

test('targets', (t) => {
	t.is(formatTarget(undefined, 'ms'), '');
	t.is(formatTarget({ atMost: 30_000, ofByHand: 1 / 8, ofStock: 1 / 10 }, 'ms'), '≤ 30.0 s, ≤ 1/8, ≤ 1/10 of stock');
});

test('the table', (t) => {
	const table = renderTable([
		{
			measurement: 'by-hand',
			figure: 'wall',
			title: 'by hand',
			unit: 'ms',
			values: [200_000],
			summary: { median: 200_000, min: 180_000, max: 240_000, runs: 3 },
			ofByHand: 1,
		},
		{
			measurement: 'warm',
			figure: 'wall',
			title: 'warm',
			unit: 'ms',
			target: { ofByHand: 1 / 8 },
			values: [20_000],
			summary: { median: 20_000, min: 19_000, max: 21_000, runs: 3 },
			ofByHand: 0.1,
			ofStock: 0.05,
			met: true,
		},
		{
			measurement: 'warm',
			figure: 'share',
			title: '  own share',
			unit: 'ms',
			target: { atMost: 1000 },
			values: [1200],
			summary: { median: 1200, min: 1200, max: 1200, runs: 1 },
			met: false,
		},
	]);
	t.is(
		table,
		[
			'                 median         min         max  runs  of by hand  of stock  target',
			'by hand      3 min 20 s  3 min 00 s  4 min 00 s     3          1×',
			'warm             20.0 s      19.0 s      21.0 s     3        1/10      1/20  ≤ 1/8    ✔',
			'  own share       1.2 s       1.2 s       1.2 s     1                        ≤ 1.0 s  ✖',
			'',
		].join('\n'),
	);
});
