import test from 'ava';
import type { FigureResult } from '../../bench/figures.js';
import { renderGrowth } from '../../bench/plot.js';

const result = (nodes: number, figure: string, median: number): FigureResult => ({
	...{ measurement: `small-${nodes}`, figure, title: figure, unit: 'ms', values: [median] },
	summary: { median, min: median, max: median, runs: 1 },
});

/** The points of the line in that colour. */
const pointsOf = (svg: string, colour: string): number[][] =>
	(new RegExp(`stroke="${colour}" stroke-width="2" points="([^"]*)"`).exec(svg)?.[1] ?? '').split(' ').map((point) => point.split(',').map(Number));

test('what grows as the nodes do rises as the lines of the grid, whatever order it was measured in', (t) => {
	const svg = renderGrowth([result(16, 'booted', 160_000), result(4, 'booted', 40_000), result(8, 'booted', 80_000), result(4, 'check', 200), result(8, 'check', 200), result(16, 'check', 200)]);
	const [[x4 = 0, y4 = 0] = [], [x8 = 0, y8 = 0] = [], [x16 = 0, y16 = 0] = []] = pointsOf(svg, '#d1722c');
	t.true(x4 < x8 && x8 < x16 && y4 > y8 && y8 > y16);
	t.true(Math.abs((y4 - y8) / (x8 - x4) - (y8 - y16) / (x16 - x8)) < 0.01);
	const [, fromX = 0, fromY = 0, toX = 0, toY = 0] = /clip-path="url\(#frame\)" d="M([\d.-]+),([\d.-]+)L([\d.-]+),([\d.-]+)"/.exec(svg)?.map(Number) ?? [];
	t.true(Math.abs((fromY - toY) / (toX - fromX) - (y4 - y8) / (x8 - x4)) < 0.01);
	t.deepEqual(new Set(pointsOf(svg, '#8b6fc4').map(([, y]) => y)).size, 1);
	t.regex(svg, /<title>8: 1 min 20 s<\/title>/);
	t.regex(svg, />booted and saved<\/text>/);
});

test('a figure of one lab alone is no growth, and of none there is no drawing', (t) => {
	t.notRegex(renderGrowth([result(4, 'check', 1), result(8, 'check', 2), result(8, 'booted', 2)]), /booted/);
	t.throws(() => renderGrowth([result(8, 'booted', 2)]), { instanceOf: RangeError, message: /small-4,small-8/ });
});
