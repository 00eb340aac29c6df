/** Positions of the nodes in a drawing: those of the plan, or else in rows by the connections between them. */
import type { Topology } from '../lab/topology.js';

/** Size of a node's box, and the least distance between two, in the drawing's units. */
export const box = { width: 206, height: 92, gapX: 90, gapY: 56 } as const;

export interface Point {
	readonly x: number;
	readonly y: number;
}

export interface Layout {
	readonly width: number;
	readonly height: number;
	/** The middle of each node's box. */
	readonly centres: ReadonlyMap<string, Point>;
}

/** Beyond this a drawing that keeps the plan's proportions helps nobody. */
const maximum = { width: 2400, height: 2400 };

/** The drawing of a lab's nodes. */
export function layOut({ nodes, connections }: Pick<Topology, 'nodes' | 'connections'>): Layout {
	const placed = nodes.flatMap(({ name, position }) => (position && isFinitePoint(position) ? [{ name, ...position }] : []));
	const scale = placed.length === nodes.length ? leastScale(placed) : Infinity;
	const drawn = fitted(placed.map(({ name, x, y }) => [name, { x: x * scale, y: y * scale }]));
	const keeps = Number.isFinite(scale) && drawn.width <= maximum.width && drawn.height <= maximum.height;
	return keeps ? drawn : inRows(nodes.map(({ name }) => name), connections);
}

const isFinitePoint = ({ x, y }: Point): boolean => Number.isFinite(x) && Number.isFinite(y);

/** The least scale at which no two boxes touch; infinite where two are in one place. */
function leastScale(points: readonly Point[]): number {
	let scale = 0;
	for (const [index, one] of points.entries()) {
		for (const other of points.slice(index + 1)) {
			const across = (box.width + box.gapX) / Math.abs(one.x - other.x);
			const down = (box.height + box.gapY) / Math.abs(one.y - other.y);
			scale = Math.max(scale, Math.min(across, down));
		}
	}
	return scale === 0 ? 1 : scale;
}

/** Each node a row below those that connect to it. */
function inRows(names: readonly string[], connections: Topology['connections']): Layout {
	const columns = Math.ceil(Math.sqrt(names.length));
	const below = connections.length === 0 ? undefined : rowsBelow(names, connections);
	const rows = new Map<number, string[]>();
	for (const [index, name] of names.entries()) {
		const row = below?.get(name) ?? Math.floor(index / columns);
		const members = rows.get(row);
		if (members) members.push(name);
		else rows.set(row, [name]);
	}
	const widest = Math.max(1, ...[...rows.values()].map((row) => row.length));
	const step = { x: box.width + box.gapX, y: box.height + box.gapY };
	const points = [...rows].flatMap(([row, members]) =>
		members.map((name, index): [string, Point] => [name, { x: (index + (widest - members.length) / 2) * step.x, y: row * step.y }]),
	);
	return fitted(points);
}

/** The row of each node: one more than the lowest of those that connect to it. A ring is cut where the search closes it. */
function rowsBelow(names: readonly string[], connections: Topology['connections']): ReadonlyMap<string, number> {
	const callers = new Map(names.map((name) => [name, new Set<string>()]));
	for (const { from, to } of connections) if (callers.has(from)) callers.get(to)?.add(from);
	const rows = new Map<string, number>();
	const underway = new Set<string>();
	const rowOf = (name: string): number => {
		const known = rows.get(name);
		if (known !== undefined) return known;
		underway.add(name);
		const above = [...(callers.get(name) ?? [])].filter((caller) => !underway.has(caller));
		const row = above.reduce((lowest, caller) => Math.max(lowest, rowOf(caller) + 1), 0);
		underway.delete(name);
		rows.set(name, row);
		return row;
	};
	for (const name of names) rowOf(name);
	return rows;
}

/** Room around the outermost boxes, for lines and marks. */
const margin = 16;

function fitted(points: readonly (readonly [string, Point])[]): Layout {
	const xs = points.map(([, { x }]) => x);
	const ys = points.map(([, { y }]) => y);
	const [leftmost, topmost] = points.length === 0 ? [0, 0] : [Math.min(...xs), Math.min(...ys)];
	const place = (value: number, first: number, size: number): number => Math.round(value - first + size / 2 + margin);
	const extent = (values: readonly number[], first: number, size: number): number =>
		Math.round((values.length === 0 ? 0 : Math.max(...values) - first) + size + 2 * margin);
	return {
		width: extent(xs, leftmost, box.width),
		height: extent(ys, topmost, box.height),
		centres: new Map(points.map(([name, { x, y }]) => [name, { x: place(x, leftmost, box.width), y: place(y, topmost, box.height) }])),
	};
}
