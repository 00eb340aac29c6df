/** What the live view shows at a moment: pure functions of the run's state and the time. */
import { formatMs, oneLine, plural } from '../base/format.js';
import type { StageName } from '../lab/events.js';
import { startStageOf } from '../outcome/origins.js';
import { bootEnding, decides, nodeStatus } from '../outcome/result.js';
import {
	allAssertions,
	findStage,
	type NodeRecord,
	type ReachedStatus,
	type RunState,
	type StageRecord,
} from '../outcome/state.js';
import { startStageText } from './origins.js';

/**
 * A line of the live view. Booting and startup scripts share a line, because a node runs its scripts while others still
 * boot.
 */
export interface Section {
	readonly name: string;
	readonly stages: readonly StageName[];
}

/** The section whose rows are the nodes. */
export const machineSection: Section = { name: 'machines', stages: ['restore', 'boot', 'save', 'startup'] };

/** The section below which the live view lists what does not hold so far. */
export const scenarioSection: Section = { name: 'scenario', stages: ['scenario', 'twice', 'reboot', 'snapshot'] };

/** The section that comes last, whatever became of the others. */
export const teardownSection: Section = { name: 'teardown', stages: ['teardown'] };

/** The parts of a run, in their order; a stage that is not in the event log yet is waited for. */
export const sections: readonly Section[] = [
	{ name: 'images', stages: ['images'] },
	{ name: 'accelerator', stages: ['accelerator'] },
	{ name: 'seeds', stages: ['seeds'] },
	{ name: 'checkpoints', stages: ['checkpoints'] },
	{ name: 'network', stages: ['network'] },
	machineSection,
	scenarioSection,
	teardownSection,
];

const nameWidth = Math.max(...sections.map(({ name }) => name.length));

/** Whether any stage of the section has begun. */
export const hasBegun = (state: RunState, section: Section): boolean => recordsOf(state, section).length > 0;

/** How a section ended, or nothing while it may still go on. */
export function sectionEnd(state: RunState, section: Section): ReachedStatus | undefined {
	const last = section.stages.at(-1);
	const records = recordsOf(state, section);
	const ended = last !== undefined && (findStage(state, last)?.status ?? 'running') !== 'running';
	const isLeft = sections.slice(sections.indexOf(section) + 1).some((later) => hasBegun(state, later));
	const isRunning = records.some(({ status }) => status === 'running');
	// Stages before the machines may overlap; the teardown overlaps nothing.
	const isBrokenOff = section !== teardownSection && findStage(state, 'teardown') !== undefined;
	return ended || (isLeft && !isRunning) || isBrokenOff ? worstOf(records.filter(decides)) : undefined;
}

/** How to show a section from which no more events will come. */
export const sectionStatus = (state: RunState, section: Section): ReachedStatus => worstOf(recordsOf(state, section).filter(decides));

/** How a node's machine and scripts ended, or nothing while they may still go on. */
export function nodeEnd(state: RunState, node: NodeRecord): ReachedStatus | undefined {
	const status = nodeStatus(state, node);
	if (status === 'passed' || status === 'error') return status;
	if (status === 'failed' && node.scripts.every(({ outcome }) => outcome !== undefined)) return status;
	return sectionEnd(state, machineSection) === undefined ? undefined : status;
}

/** The text of a section's line, without its mark. */
export function sectionText(state: RunState, section: Section, now: number): string {
	const records = recordsOf(state, section);
	if (records.length === 0) return section.name;
	const isRunning = records.some(({ status }) => status === 'running');
	const ms = section === machineSection ? spanOf(records, now) : busyMs(records, now);
	const elapsed = isRunning ? wholeSeconds(ms) : formatMs(ms);
	return [section.name.padEnd(nameWidth), elapsed.padStart(12), sectionNews(state, section, records)].join('  ').trimEnd();
}

/** The text of a node's line, without its mark. */
export function nodeText(state: RunState, node: NodeRecord, now: number): string {
	const width = Math.max(...state.nodes.map(({ name }) => name.length));
	const startStage = startStageOf(state, node.name);
	return `${node.name.padEnd(width)}  ${[startNews(state, node.name, startStage, now), scriptNews(node, now)].filter(Boolean).join('; ')}`.trimEnd();
}

const endOf = ({ status, startedAt, ms }: StageRecord, now: number): number => (status === 'running' ? now : startedAt + ms);

/** From the first beginning to the last end, in milliseconds. */
const spanOf = (records: readonly StageRecord[], now: number): number =>
	Math.max(...records.map((record) => endOf(record, now))) - Math.min(...records.map(({ startedAt }) => startedAt));

/** How long any of them was under way, in milliseconds: seeds are written in rounds, with long pauses. */
export function busyMs(records: readonly StageRecord[], now: number): number {
	let [ms, until] = [0, -Infinity];
	for (const record of records.toSorted((one, other) => one.startedAt - other.startedAt)) {
		const end = endOf(record, now);
		ms += Math.max(0, end - Math.max(until, record.startedAt));
		until = Math.max(until, end);
	}
	return ms;
}

const recordsOf = (state: RunState, section: Section): readonly StageRecord[] =>
	state.stages.filter(({ name }) => section.stages.includes(name));

function worstOf(records: readonly StageRecord[]): ReachedStatus {
	const statuses = records.map(({ status }) => status);
	if (statuses.includes('error') || statuses.includes('running')) return 'error';
	if (statuses.includes('failed')) return 'failed';
	return statuses.includes('passed') ? 'passed' : 'not run';
}

function sectionNews(state: RunState, section: Section, records: readonly StageRecord[]): string {
	if (section === machineSection) {
		const ready = state.nodes.filter((node) => nodeStatus(state, node) === 'passed').length;
		return `${ready} of ${plural(state.nodes.length, 'node')} ready`;
	}
	if (section === scenarioSection) {
		const assertions = allAssertions(state).filter(({ notJudged }) => notJudged === undefined);
		const statuses = assertions.map(({ outcome }) => outcome?.status);
		const waiting = assertions.filter((assertion) => assertion.waiting).length;
		const count = (status: string | undefined): number => statuses.filter((other) => other === status).length;
		const bad = count('failed') + count('error');
		const done = `${statuses.length - count(undefined)} of ${plural(statuses.length, 'assertion')}`;
		const reported = [done, ...(bad > 0 ? [`${bad} not passed`] : []), ...(waiting > 0 ? [`${waiting} not yet`] : [])].join(', ');
		return [reported, ...robustnessNews(state)].join('; ');
	}
	if (section.name === 'accelerator' && state.accelerator) {
		return oneLine(`${state.accelerator.name}: ${state.accelerator.reason}`);
	}
	const builds = buildsNews(records);
	if (builds !== '') return oneLine(builds);
	const speaking = records.findLast(({ status, detail }) => status === 'running' && detail !== undefined);
	const { node, detail } = speaking ?? records.at(-1) ?? {};
	return oneLine(node !== undefined && detail !== undefined ? `${node}: ${detail}` : (detail ?? ''));
}

/** What is built for nodes at the moment, those together that wait for the same; nothing where its events name no nodes. */
function buildsNews(records: readonly StageRecord[]): string {
	const nodes = new Map<string, string[]>();
	for (const { name, node, status, startedAt, detail } of records) {
		if (name !== 'images' || node === undefined || status !== 'running') continue;
		const key = JSON.stringify([startedAt, detail ?? '']);
		nodes.set(key, [...(nodes.get(key) ?? []), node]);
	}
	return [...nodes]
		.map(([key, names]) => {
			const [, detail] = JSON.parse(key) as [number, string];
			return [names.join(', '), ...(detail === '' ? [] : [detail])].join(': ');
		})
		.join('; ');
}

/** How far the robustness checks are, those that have begun. */
function robustnessNews({ robustness, nodes, stages }: RunState): string[] {
	const hasBegunRobustness = (name: StageName): boolean => stages.some((stage) => stage.name === name);
	const scripts = nodes.reduce((total, node) => total + node.scripts.length, 0);
	return [
		...(hasBegunRobustness('twice') ? [`${robustness.twice?.scripts.length ?? 0} of ${plural(scripts, 'script')} run twice`] : []),
		...(hasBegunRobustness('reboot') ? [`${stages.filter(({ name, node, status }) => name === 'reboot' && node !== undefined && status === 'passed').length} of ${plural(nodes.length, 'machine')} restarted`] : []),
	];
}

function startNews(state: RunState, node: string, startStage: StageRecord | undefined, now: number): string {
	if (!startStage) return imageNews(state, node, now);
	switch (startStage.status) {
		case 'running':
			return oneLine(
				`${startStage.name === 'boot' ? 'booting' : 'restoring'}, ${wholeSeconds(now - startStage.startedAt)}${startStage.detail ? `: ${startStage.detail}` : ''}`,
			);
		case 'not run':
			return 'not booted to the end';
		default:
			return startStageText(startStage, bootEnding(state, startStage));
	}
}

/** Whether nothing begins any more. */
const isOver = (state: RunState): boolean => state.finishedMs !== undefined || state.errors.length > 0 || findStage(state, 'teardown') !== undefined;

/** What a node waits for that has not begun, while others boot already: its image, or its turn. */
function imageNews(state: RunState, node: string, now: number): string {
	const image = findStage(state, 'images', node);
	if (image?.status === 'running') return oneLine(`its image is being built, ${wholeSeconds(now - image.startedAt)}${image.detail === undefined ? '' : `: ${image.detail}`}`);
	// Of a node whose image is there the seed is written at once.
	if (findStage(state, 'seeds', node)?.status === 'passed' && !isOver(state)) return 'waits for a processor';
	return !image && findStage(state, 'images')?.status === 'running' ? 'waits for its image' : '';
}

function scriptNews(node: NodeRecord, now: number): string {
	const current = node.scripts.find(({ startedAt, outcome }) => startedAt !== undefined && !outcome);
	if (current) return `${current.script}, ${wholeSeconds(now - (current.startedAt ?? now))}`;
	const bad = node.scripts.find(({ outcome }) => outcome !== undefined && outcome.status !== 'passed');
	if (bad?.outcome) {
		const line = bad.outcome.failedLine === undefined ? '' : ` at line ${bad.outcome.failedLine}`;
		return `${bad.script} ${bad.outcome.status === 'timed-out' ? 'timed out' : 'failed'}${line}`;
	}
	const passed = node.scripts.filter(({ outcome }) => outcome).length;
	return passed === 0 ? '' : `${plural(passed, 'script')} passed`;
}

/** A running time, in milliseconds, without tenths, which would only flicker. */
export const wholeSeconds = (ms: number): string => {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	return seconds < 60 ? `${seconds} s` : formatMs(seconds * 1000);
};
