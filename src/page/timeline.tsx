/** The timeline: a lane for the lab and one for each node, as a drawing and as a table. */
import { formatMs } from '../base/format.js';
import { elapsedMs, type RunState } from '../outcome/state.js';
import { mark } from '../report/text.js';
import { lanesOf, type Bar, type Lane } from './bars.js';
import { Head, Section, Status, statusClass, Wide } from './parts.js';
import { shownLine } from './shown.js';

/** In the drawing's units: the names' column, the time's, a row, and the room between lanes. */
const size = { names: 150, times: 850, row: 20, gap: 10, axis: 24 } as const;

/** The section of the page; nothing for a run that never began. */
export function TimelineSection({ state }: { readonly state: RunState }) {
	const { startedAt } = state;
	if (startedAt === undefined) return null;
	const lanes = lanesOf(state).filter(({ rows }) => rows.length > 0);
	const span = Math.max(1, elapsedMs(state));
	const bars = lanes.flatMap(({ name, rows }) => rows.flat().map((bar) => ({ lane: name, bar })));
	return (
		<Section id="timeline" title="Timeline" note={formatMs(span)}>
			<Wide label="Timeline">
				<Chart lanes={lanes} startedAt={startedAt} span={span} />
			</Wide>
			<p class="legend" aria-hidden="true">
				<b class="k machine" /> boot, restore, save <b class="k script" /> startup script <b class="k assertion" /> assertion <b class="k stage" /> the lab's stages, and what is prepared for a node{' '}
				<b class="k fail" /> failed <b class="k slow" /> slow command <b class="k swallowed" /> failure that the script went on behind
			</p>
			<details>
				<summary>The same as a table</summary>
				<Wide label="Timeline as a table">
					<table>
						<Head columns={['Start', 'Took', 'Where', 'What', 'How it ended']} />
						<tbody>
							{bars
								.toSorted((one, other) => one.bar.from - other.bar.from)
								.map(({ lane, bar }) => (
									<tr>
										<td class="n">{formatMs(Math.max(0, bar.from - startedAt))}</td>
										<td class="n">{formatMs(bar.to - bar.from)}</td>
										<td>{shownLine(lane, 40)}</td>
										<td>{bar.href === undefined ? shownLine(bar.label, 80) : <a href={bar.href}>{shownLine(bar.label, 80)}</a>}</td>
										<td>
											<Status status={bar.status} />
										</td>
									</tr>
								))}
						</tbody>
					</table>
				</Wide>
			</details>
		</Section>
	);
}

interface ChartProps {
	readonly lanes: readonly Lane[];
	readonly startedAt: number;
	readonly span: number;
}

function Chart({ lanes, startedAt, span }: ChartProps) {
	const across = (at: number): number => size.names + Math.round((Math.min(Math.max(at - startedAt, 0), span) / span) * size.times * 10) / 10;
	let top: number = size.axis;
	const placed = lanes.map((lane) => {
		const own = { lane, top };
		top += lane.rows.length * size.row + size.gap;
		return own;
	});
	const [width, height] = [size.names + size.times + 12, top];
	return (
		<svg class="time" viewBox={`0 0 ${width} ${height}`} role="group" aria-label="Timeline of the run; the table below has the same">
			{ticksOf(span).map((ms) => (
				<g class="axis">
					<path d={`M${across(startedAt + ms)} ${size.axis - 6}V${height}`} />
					<text x={across(startedAt + ms)} y={size.axis - 10} text-anchor="middle">
						{ms === 0 ? '0' : formatMs(ms).replace(' 00 s', '').replace('.0 s', ' s')}
					</text>
				</g>
			))}
			{placed.map(({ lane, top: y }, index) => (
				<g class={lane.isLab ? 'lane lab' : 'lane'}>
					{index % 2 === 0 ? <rect class="stripe" x="0" y={y - size.gap / 2} width={width} height={lane.rows.length * size.row + size.gap} /> : null}
					<text class="name" x="8" y={y + 14}>
						{shownLine(lane.isLab ? 'the lab' : lane.name, 20)}
					</text>
					{lane.rows.map((row, rowIndex) => row.map((bar) => <BarBox bar={bar} across={across} y={y + rowIndex * size.row} />))}
				</g>
			))}
		</svg>
	);
}

function BarBox({ bar, across, y }: { readonly bar: Bar; readonly across: (at: number) => number; readonly y: number }) {
	const x = across(bar.from);
	const width = Math.max(3, Math.round((across(bar.to) - x) * 10) / 10);
	const kind = statusClass(bar.status) === 'fail' ? 'fail' : bar.kind;
	const height = size.row - 4;
	const room = Math.floor((width - 10) / 6.4);
	const label = `${kind === 'fail' ? `${mark(bar.status)} ` : ''}${bar.label}`;
	const content = (
		<g class={`bar ${kind}`}>
			<title>{bar.title}</title>
			<rect x={x} y={y} width={width} height={height} rx="3" />
			{room < 4 ? null : (
				<text x={x + 6} y={y + 12} aria-hidden="true">
					{shownLine(label, room)}
				</text>
			)}
			{bar.ticks.map((tick) => (
				<path class={`tick ${tick.kind}`} d={`M${across(tick.at)} ${y + height}l-4 5h8z`}>
					<title>{tick.title}</title>
				</path>
			))}
		</g>
	);
	return bar.href === undefined ? content : <a href={bar.href}>{content}</a>;
}

/** Times at which the axis has a line, from 0, in round steps, ten at most. */
function ticksOf(span: number): number[] {
	const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];
	const step = steps.find((candidate) => span / candidate <= 9) ?? Math.ceil(span / 9);
	return Array.from({ length: Math.floor(span / step) + 1 }, (_unused, index) => index * step);
}
