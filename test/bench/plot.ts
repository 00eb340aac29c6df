/** A drawing of how labs of equal nodes grow, from what the bench has measured, as SVG. Pure. */
import { formatValue } from './table.js';
import type { FigureResult } from './figures.js';

/** A figure of the labs of small nodes, at each number of them that was measured. */
interface Line {
	readonly title: string;
	readonly colour: string;
	readonly points: readonly { readonly nodes: number; readonly ms: number }[];
}

/** What is drawn: the keys of figures, and how each is called. Colours tell apart on white and on black. */
const drawn = [
	{ figure: 'booted', title: 'booted and saved', colour: '#d1722c' },
	{ figure: 'restored', title: 'restored, to the verdict', colour: '#2f81c7' },
	{ figure: 'restore', title: 'restored, to all running', colour: '#3f9b58' },
	{ figure: 'check', title: 'checked', colour: '#8b6fc4' },
] as const;

const size = { width: 742, height: 400 } as const;
const frame = { left: 92, right: 190, top: 16, bottom: 44 } as const;

/** The lines that there are values for; of at least two numbers of nodes, or there is nothing to see. */
const linesIn = (results: readonly FigureResult[]): readonly Line[] =>
	drawn
		.map(({ figure, ...line }) => ({
			...line,
			points: results
				.flatMap((result) => {
					const [, nodes] = /^small-(\d+)$/.exec(result.measurement) ?? [];
					return nodes === undefined || result.figure !== figure ? [] : [{ nodes: Number(nodes), ms: result.summary.median }];
				})
				.toSorted((one, other) => one.nodes - other.nodes),
		}))
		.filter(({ points }) => points.length > 1);

/** Powers of ten from below the least to above the most. */
function decades(values: readonly number[]): readonly number[] {
	const [first, last] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
	return Array.from({ length: last - first + 1 }, (_none, index) => 10 ** (first + index));
}

/**
 * Draws the growth of small labs: nodes to the right, doubling; time upwards, by powers of ten. What grows as the nodes do
 * rises as the thin lines.
 * @throws RangeError where fewer than two sizes were measured
 */
export function renderGrowth(results: readonly FigureResult[]): string {
	const lines = linesIn(results);
	const points = lines.flatMap((line) => line.points);
	if (points.length === 0) throw new RangeError('a drawing of growth needs two labs of small nodes at least: --only small-4,small-8');
	const sizes = [...new Set(points.map(({ nodes }) => nodes))].toSorted((one, other) => one - other);
	const [least = 1, most = 1] = [sizes[0], sizes.at(-1)];
	const grid = decades(points.map(({ ms }) => ms));
	const [low = 1, high = 10] = [grid[0], grid.at(-1)];
	const [right, bottom] = [size.width - frame.right, size.height - frame.bottom];
	const x = (nodes: number): number => frame.left + ((right - frame.left) * Math.log(nodes / least)) / Math.log(most / least);
	const y = (ms: number): number => bottom - ((bottom - frame.top) * Math.log(ms / low)) / Math.log(high / low);
	const at = (nodes: number, ms: number): string => `${x(nodes).toFixed(1)},${y(ms).toFixed(1)}`;
	return `${[
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" aria-label="how long labs of ${least} to ${most} small nodes take">`,
		'<rect width="100%" height="100%" fill="#fff"/>',
		'<g font-family="system-ui, sans-serif" font-size="13" fill="#333">',
		`<clipPath id="frame"><rect x="${frame.left}" y="${frame.top}" width="${right - frame.left}" height="${bottom - frame.top}"/></clipPath>`,
		...grid.flatMap((ms) => [
			`<path d="M${frame.left} ${y(ms).toFixed(1)}H${right}" stroke="#ddd"/>`,
			`<text x="${frame.left - 8}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${formatValue(ms, 'ms')}</text>`,
		]),
		...grid.map((ms) => `<path clip-path="url(#frame)" d="M${at(least, ms)}L${at(most, (ms * most) / least)}" stroke="#eee"/>`),
		...sizes.map((nodes) => `<text x="${x(nodes).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${nodes}</text>`),
		`<text x="${((frame.left + right) / 2).toFixed(1)}" y="${size.height - 6}" text-anchor="middle">nodes</text>`,
		...lines.flatMap(({ title, colour, points: own }) => {
			const end = own.at(-1);
			return [
				`<polyline fill="none" stroke="${colour}" stroke-width="2" points="${own.map(({ nodes, ms }) => at(nodes, ms)).join(' ')}"/>`,
				...own.map(({ nodes, ms }) => `<circle cx="${x(nodes).toFixed(1)}" cy="${y(ms).toFixed(1)}" r="3" fill="${colour}"><title>${nodes}: ${formatValue(ms, 'ms')}</title></circle>`),
				...(end ? [`<text x="${right + 10}" y="${(y(end.ms) + 4).toFixed(1)}" fill="${colour}">${title}</text>`] : []),
			];
		}),
		'</g>',
		'</svg>',
	].join('\n')}\n`;
}
