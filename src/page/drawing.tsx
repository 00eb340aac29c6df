/** The drawing of a lab, in SVG. Shape and text show the state as well as colour does. */
import type { Topology, TopologyNode } from '../lab/topology.js';
import { mark, type AnyStatus } from '../report/text.js';
import type { ConnectionState } from './connections.js';
import { box, layOut, type Point } from './layout.js';
import { nodeLabel, statusClass } from './parts.js';
import { place, shownLine } from './shown.js';

interface DrawingProps {
	readonly topology: Topology;
	readonly connections: readonly ConnectionState[];
	readonly statusOf: (node: string) => AnyStatus | undefined;
	readonly sizeText: (node: TopologyNode) => string;
	/** For a file of its own, where no page has the style. */
	readonly css?: string;
}

/** How much larger the drawing is on a page than in a file of its own, at most. */
const pageScale = 1.25;

/** The lab as an SVG element. */
export function Drawing({ topology, connections, statusOf, sizeText, css }: DrawingProps) {
	const { width, height, centres } = layOut(topology);
	// Labels are drawn above all lines.
	const edges = edgesOf(connections, centres);
	// On a page it is as wide as its texts can be read well, and the page's style keeps it within its column.
	const size = css === undefined ? { width: Math.round(width * pageScale) } : { xmlns: 'http://www.w3.org/2000/svg', width, height };
	return (
		<svg class="topo" viewBox={`0 0 ${width} ${height}`} role="group" aria-label="Drawing of the lab" {...size}>
			{css === undefined ? null : <style>{css}</style>}
			<defs>
				{['pass', 'fail', 'warn', 'idle'].map((kind) => (
					<marker id={`to-${kind}`} class={`edge ${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse">
						<path d="M0 0 8 4 0 8z" />
					</marker>
				))}
			</defs>
			{edges.map(({ state, start, end }) => (
				<path class={`edge ${kindOf(state)}`} d={`M${start.x} ${start.y} ${end.x} ${end.y}`} marker-end={`url(#to-${kindOf(state)})`} />
			))}
			{edges.map((edge) => (
				<EdgeLabel edge={edge} />
			))}
			{topology.nodes.map((node) => {
				const centre = centres.get(node.name);
				return centre ? <NodeBox node={node} centre={centre} status={statusOf(node.name)} size={sizeText(node)} isLink={css === undefined} /> : null;
			})}
		</svg>
	);
}

/** Several connections between the same two nodes are drawn beside each other. */
function bendOf(connections: readonly ConnectionState[], index: number): number {
	const key = ({ connection: { from, to } }: ConnectionState) => [from, to].sort().join('\0');
	const own = connections[index];
	const before = own ? connections.slice(0, index).filter((other) => key(other) === key(own)).length : 0;
	return before === 0 ? 0 : Math.ceil(before / 2) * 26 * (before % 2 === 1 ? 1 : -1);
}

/** A connection with the line that is drawn for it and the place of its label. */
interface DrawnEdge {
	readonly state: ConnectionState;
	readonly start: Point;
	readonly end: Point;
	readonly middle: Point;
}

/** Places along a line where a label may be, the best first. */
const labelPlaces = [0.5, 0.36, 0.64, 0.25, 0.75];

/** The connections as lines, each label where it covers no other, if there is such a place. */
function edgesOf(connections: readonly ConnectionState[], centres: ReadonlyMap<string, Point>): readonly DrawnEdge[] {
	const lines = connections.flatMap((state, index) => {
		const [from, to] = [centres.get(state.connection.from), centres.get(state.connection.to)];
		if (!from || !to || from === to) return [];
		const bend = bendOf(connections, index);
		return [{ state, start: border(from, to, bend), end: border(to, from, -bend) }];
	});
	const lengthOf = ({ start, end }: Omit<DrawnEdge, 'middle'>): number => Math.hypot(end.x - start.x, end.y - start.y);
	const drawn: DrawnEdge[] = [];
	const isFree = (point: Point) =>
		drawn.every(({ middle }) => Math.abs(middle.x - point.x) > 76 || Math.abs(middle.y - point.y) > 26) &&
		[...centres.values()].every(({ x, y }) => Math.abs(x - point.x) > box.width / 2 + 30 || Math.abs(y - point.y) > box.height / 2 + 8);
	// A short line has the least choice.
	for (const line of lines.toSorted((one, other) => lengthOf(one) - lengthOf(other))) {
		const { start, end } = line;
		const points = labelPlaces.map((part) => ({ x: start.x + (end.x - start.x) * part, y: start.y + (end.y - start.y) * part }));
		const [first = start] = points;
		drawn.push({ ...line, middle: points.find(isFree) ?? first });
	}
	return drawn;
}

const kindOf = ({ status }: ConnectionState): string => (status === undefined ? 'idle' : statusClass(status));

function EdgeLabel({ edge: { state, middle } }: { readonly edge: DrawnEdge }) {
	const { connection, status, reported } = state;
	const label = `${connection.port}${status === undefined ? '' : ` ${mark(status)}`}`;
	const width = label.length * 8 + 14;
	return (
		<g class={`edge ${kindOf(state)}`}>
			<title>{`${shownLine(connection.from)} → ${shownLine(connection.to)}:${connection.port}: ${reported}${connection.intent ? ` (${shownLine(connection.intent)})` : ''}`}</title>
			<rect x={middle.x - width / 2} y={middle.y - 11} width={width} height="22" rx="11" />
			<text x={middle.x} y={middle.y + 4.5} text-anchor="middle">
				{label}
			</text>
		</g>
	);
}

/** Where the line from the middle of one box to another leaves it, moved sideways by `bend`. */
function border(centre: Point, other: Point, bend: number): Point {
	const [dx, dy] = [other.x - centre.x, other.y - centre.y];
	const length = Math.hypot(dx, dy) || 1;
	const reach = Math.min(box.width / 2 / Math.abs(dx || 1e-9), box.height / 2 / Math.abs(dy || 1e-9));
	const round = (value: number): number => Math.round(value * 10) / 10;
	return { x: round(centre.x + dx * reach - (dy / length) * bend), y: round(centre.y + dy * reach + (dx / length) * bend) };
}

interface NodeBoxProps {
	readonly node: TopologyNode;
	readonly centre: Point;
	readonly status: AnyStatus | undefined;
	readonly size: string;
	readonly isLink: boolean;
}

function NodeBox({ node, centre, status, size, isLink }: NodeBoxProps) {
	const [x, y] = [centre.x - box.width / 2, centre.y - box.height / 2];
	const kind = status === undefined ? 'idle' : statusClass(status);
	const lines = [node.role, node.alias, size].filter((line) => line !== '');
	const content = (
		<g class={`node ${kind}`}>
			<title>{[node.name, ...(status === undefined ? [] : [nodeLabel(status)]), ...lines].map((text) => shownLine(text)).join(', ')}</title>
			<rect class="body" x={x} y={y} width={box.width} height={box.height} rx="8" />
			<path class="side" d={`M${x + 8} ${y}a8 8 0 0 0-8 8v${box.height - 16}a8 8 0 0 0 8 8z`} />
			<text class="name" x={x + 18} y={y + 24}>
				{shownLine(node.name, 20)}
			</text>
			{status === undefined ? null : (
				<text class="mark" x={x + box.width - 14} y={y + 24} text-anchor="end">
					{mark(status)}
				</text>
			)}
			{lines.map((line, index) => (
				<text class="more" x={x + 18} y={y + 43 + index * 18}>
					{shownLine(line, 27)}
				</text>
			))}
		</g>
	);
	return isLink ? <a href={`#${place.node(node.name)}`}>{content}</a> : content;
}
