/** The bars of the timeline: what happened when in a run, with a lane for the lab and one for each node. */
import { formatMs } from '../base/format.js';
import type { TraceStep } from '../lab/trace.js';
import type { NodeRecord, RunState, StageRecord } from '../outcome/state.js';
import type { AnyStatus } from '../report/text.js';
import { place, shownLine } from './shown.js';

/** A command that takes at least this long is slow, in milliseconds. */
export const slowMs = 1000;

/** A moment within a bar that is worth a mark. */
export interface Tick {
	/** Milliseconds since the epoch. */
	readonly at: number;
	readonly kind: 'failing' | 'swallowed' | 'slow';
	readonly title: string;
}

export interface Bar {
	readonly kind: 'machine' | 'script' | 'assertion' | 'stage';
	readonly label: string;
	readonly title: string;
	readonly status: AnyStatus;
	/** Milliseconds since the epoch. */
	readonly from: number;
	readonly to: number;
	readonly href?: string;
	readonly ticks: readonly Tick[];
}

export interface Lane {
	/** A node, or the lab itself. */
	readonly name: string;
	readonly isLab: boolean;
	/** Bars of one row do not overlap. */
	readonly rows: readonly (readonly Bar[])[];
}

/** Rows of a lane; what would need more is drawn over the last one. */
const maximumRows = 8;

/** Marks of one bar. */
const maximumTicks = 40;

/** All lanes, that of the lab first. */
export function lanesOf(state: RunState): readonly Lane[] {
	const lanes = state.nodes.map((node) => ({
		name: node.name,
		isLab: false,
		rows: inRows([...state.stages.filter(isOwnStage(node)).map(stageBar), ...scriptBars(node), ...assertionBars(state, node.name)]),
	}));
	// Machines that are kept running are taken down hours later, where no drawing reaches.
	const until = state.detached?.at ?? Infinity;
	const ofLab = state.stages.filter(({ node, name, startedAt }) => node === undefined && !divided.includes(name) && startedAt <= until);
	return [{ name: state.lab, isLab: true, rows: inRows(ofLab.map(stageBar)) }, ...lanes];
}

/** Stages that are shown by the parts of the nodes. */
const divided: readonly string[] = ['boot', 'restore', 'save', 'startup', 'reboot'];

/** Stages in which a node has no machine yet. */
const preparing: readonly string[] = ['images', 'seeds', 'checkpoints'];

const isOwnStage =
	(node: NodeRecord) =>
	(stage: StageRecord): boolean =>
		stage.node === node.name && (stage.name !== 'startup' || node.scripts.length === 0);

function stageBar({ name, node, status, startedAt, ms, detail }: StageRecord): Bar {
	const reported = detail === undefined ? '' : `: ${shownLine(detail, 120)}`;
	return {
		kind: node === undefined || preparing.includes(name) ? 'stage' : 'machine',
		label: name,
		title: `${name}, ${status}, ${formatMs(ms)}${reported}`,
		status,
		...{ from: startedAt, to: startedAt + ms, ticks: [] },
		...(node === undefined ? {} : { href: `#${place.node(node)}` }),
	};
}

const scriptBars = ({ name: node, scripts }: NodeRecord): Bar[] =>
	scripts.flatMap(({ script, startedAt, finishedAt, outcome }): Bar[] => {
		if (startedAt === undefined) return [];
		const to = finishedAt ?? startedAt;
		const status = outcome?.status ?? 'running';
		return [
			{
				kind: 'script',
				label: script,
				title: `startup script ${script}, ${status}, ${formatMs(to - startedAt)}`,
				...{ status, from: startedAt, to, href: `#${place.script(node, script)}` },
				ticks: (outcome?.trace?.steps ?? []).flatMap((step) => tickOf(step, startedAt, to)).slice(-maximumTicks),
			},
		];
	});

function tickOf({ at, ms = 0, fate, line, command }: TraceStep, from: number, to: number): Tick[] {
	const kind = fate === 'failing' || fate === 'swallowed' ? fate : ms >= slowMs ? 'slow' : undefined;
	if (kind === undefined || at === undefined) return [];
	const where = line === undefined ? '' : `line ${line}: `;
	// The guest's clock is not quite that of the host.
	return [{ at: Math.min(Math.max(at, from), to), kind, title: `${kind}, ${formatMs(ms)}, ${where}${shownLine(command, 80)}` }];
}

const assertionBars = ({ tests }: RunState, node: string): Bar[] =>
	tests.flatMap(({ name, assertions }, test) =>
		assertions.flatMap(({ onVm, title, outcome, finishedAt }, index): Bar[] =>
			onVm !== node || !outcome || finishedAt === undefined
				? []
				: [
						{
							kind: 'assertion',
							label: name,
							title: `${name}: ${shownLine(title, 100)}, ${outcome.status}, ${formatMs(outcome.ms)}, tried ${outcome.attempts === 1 ? 'once' : `${outcome.attempts} times`}`,
							...{ status: outcome.status, from: finishedAt - outcome.ms, to: finishedAt, ticks: [] },
							href: `#${place.assertion(test, index)}`,
						},
					],
		),
	);

/** Each bar into the first row in which there is room for it. */
function inRows(bars: readonly Bar[]): readonly (readonly Bar[])[] {
	const rows: Bar[][] = [];
	for (const bar of bars.toSorted((one, other) => one.from - other.from)) {
		const free = rows.find((row) => (row.at(-1)?.to ?? 0) <= bar.from);
		if (free) free.push(bar);
		else if (rows.length < maximumRows) rows.push([bar]);
		else rows.at(-1)?.push(bar);
	}
	return rows;
}
